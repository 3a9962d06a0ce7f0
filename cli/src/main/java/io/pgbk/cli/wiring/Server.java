package io.pgbk.cli.wiring;

import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.SecretFile;
import io.pgbk.cli.config.Settings;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.postgres.server.PostgresPassword;
import io.pgbk.postgres.server.PostgresTls;
import io.pgbk.postgres.server.ServerFacts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** The configured PostgreSQL server. */
public final class Server {
    private Server() {}

    /**
     * How it is reached; reads the password file.
     *
     * @throws io.pgbk.error.PgbkException when the data directory is not configured or the password file cannot be used
     */
    public static PostgresConfig config(Configuration configuration) {
        Settings settings = configuration.settings();
        PostgresConfig config = PostgresConfig.of(
                        settings.text("postgres.host").orElseThrow(),
                        settings.number("postgres.port").orElseThrow(),
                        settings.text("postgres.user").orElseThrow(),
                        configuration.requireDataDirectory())
                .withDatabase(settings.text("postgres.database").orElseThrow())
                .withPassword(password(settings).orElse(null));
        Optional<Path> authorities = settings.text("postgres.ca-file").map(FileNames::fromText);
        PostgresTls.Mode mode = settings.text("postgres.tls")
                .map(Server::mode)
                .orElse(config.tls().mode());
        return config.withTls(new PostgresTls(mode, authorities.orElse(null)));
    }

    /** What makes the server this cluster and no other. */
    public static ServerIdentity identity(ServerFacts facts) {
        return new ServerIdentity(
                facts.systemIdentifier(),
                facts.version().major(),
                facts.catalogVersion(),
                facts.walSegmentSize(),
                facts.blockBytes());
    }

    private static Optional<PostgresPassword> password(Settings settings) {
        return settings.text("postgres.password")
                .map(PostgresPassword::new)
                .or(() -> settings.text("postgres.password-file").map(file -> {
                    byte[] line = SecretFile.readLine(FileNames.fromText(file), "postgres.password-file");
                    String text = new String(line, StandardCharsets.UTF_8);
                    Arrays.fill(line, (byte) 0);
                    return new PostgresPassword(text);
                }));
    }

    private static PostgresTls.Mode mode(String text) {
        return switch (text) {
            case "off" -> PostgresTls.Mode.DISABLE;
            case "verify-ca" -> PostgresTls.Mode.VERIFY_CA;
            default -> PostgresTls.Mode.VERIFY_FULL;
        };
    }
}
