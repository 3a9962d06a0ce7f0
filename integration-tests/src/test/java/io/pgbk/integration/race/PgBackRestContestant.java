package io.pgbk.integration.race;

import io.pgbk.integration.Site;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Endpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Debian's pgBackRest with the same means: two processes, zstd 3, encryption, small files bundled. */
final class PgBackRestContestant implements Contestant {
    private static final Duration LONG = Duration.ofHours(1);

    private final Path config;

    /**
     * @param endpoint null for a local directory
     * @param blocks whether backups store changed blocks of files instead of files; a beta feature of 2.45
     */
    PgBackRestContestant(Path directory, PostgresServer server, @Nullable S3Endpoint endpoint, boolean blocks) {
        config = directory.resolve("pgbackrest.conf");
        Path repository = AsPostgres.createDirectory(directory.resolve("repository"));
        Path locks = AsPostgres.createDirectory(directory.resolve("locks"));
        AsPostgres.write(config, """
                [global]
                %s
                repo1-cipher-type=aes-256-cbc
                repo1-cipher-pass=a-long-pass-phrase-of-the-race
                repo1-bundle=y
                %s
                repo1-retention-full=1
                expire-auto=n
                compress-type=zst
                compress-level=3
                process-max=2
                start-fast=y
                log-level-file=off
                log-level-console=warn
                lock-path=%s
                [race]
                pg1-path=%s
                pg1-socket-path=%s
                pg1-port=%d
                pg1-user=%s
                """.formatted(
                        endpoint == null ? "repo1-path=" + repository : s3(endpoint, directory),
                        blocks ? "repo1-block=y\nbeta=y" : "",
                        locks,
                        server.dataDirectory(),
                        server.socketDirectory(),
                        server.port(),
                        server.user()));
    }

    private static String s3(S3Endpoint endpoint, Path directory) {
        // The gateway's own copy is not readable by the database's user.
        Path authority = directory.resolve("ca.pem");
        Path caFile = endpoint.caFile();
        if (caFile == null) {
            throw new IllegalArgumentException("pgBackRest speaks to S3 over TLS only");
        }
        try {
            AsPostgres.write(authority, Files.readString(caFile));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return """
                repo1-type=s3
                repo1-path=/%s
                repo1-s3-uri-style=path
                repo1-s3-endpoint=%s
                repo1-storage-port=%d
                repo1-storage-ca-file=%s
                repo1-s3-bucket=%s
                repo1-s3-region=%s
                repo1-s3-key=%s
                repo1-s3-key-secret=%s""".formatted(
                        Site.randomPrefix(),
                        endpoint.url().getHost(),
                        endpoint.url().getPort(),
                        authority,
                        endpoint.bucket(),
                        endpoint.region(),
                        endpoint.accessKey(),
                        endpoint.secretKey());
    }

    private List<String> command(String... words) {
        List<String> command = new java.util.ArrayList<>(List.of("pgbackrest", "--config=" + config, "--stanza=race"));
        command.addAll(List.of(words));
        return command;
    }

    private String run(String... words) {
        return AsPostgres.run(command(words), Map.of(), null, LONG).orThrow().stdout();
    }

    @Override
    public String name() {
        return "pgBackRest";
    }

    @Override
    public void initialise() {
        run("stanza-create");
    }

    @Override
    public String archiveCommand() {
        return String.join(" ", command("archive-push", "%p"));
    }

    @Override
    public List<String> backup() {
        return command("--type=full", "backup");
    }

    @Override
    public List<String> incremental() {
        return command("--type=incr", "backup");
    }

    @Override
    public long readBytes() {
        return newest().path("delta").asLong();
    }

    @Override
    public long storedBytes() {
        return newest().path("repository").path("delta").asLong();
    }

    private JsonNode newest() {
        JsonNode backups = Site.parse(run("--output=json", "info")).path(0).path("backup");
        return backups.path(backups.size() - 1).path("info");
    }

    @Override
    public void forgetOldBackups() {
        run("expire");
    }

    @Override
    public List<String> restore(Path target) {
        return command("--pg1-path=" + target, "--archive-mode=off", "restore");
    }

    @Override
    public List<String> push(Path segment) {
        return command("archive-push", segment.toString());
    }
}
