package io.pgbk.cli.wiring;

import io.pgbk.catalog.repository.lock.LockedObjects;
import io.pgbk.catalog.store.ChecksumMode;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectLock;
import io.pgbk.catalog.store.S3Credentials;
import io.pgbk.catalog.store.S3StoreConfig;
import io.pgbk.catalog.store.Secret;
import io.pgbk.catalog.store.StoreConfig;
import io.pgbk.catalog.store.Timeouts;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.config.SecretFile;
import io.pgbk.cli.config.Settings;
import io.pgbk.postgres.files.FileNames;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a configured repository is and how it is reached. */
final class StoreConfigs {
    private static final String DIRECTORY = "file://";
    private static final String BUCKET = "s3://";

    private StoreConfigs() {}

    /**
     * The store of a repository; reads the files with the credentials.
     *
     * @param clock tells from when on new objects are locked
     * @throws io.pgbk.error.PgbkException when one of them cannot be used
     */
    static StoreConfig of(ConfigurationRepository repository, InstantSource clock) {
        String url = repository.url();
        return url.startsWith(DIRECTORY)
                ? new DirectoryStoreConfig(FileNames.fromText(url.substring(DIRECTORY.length())))
                : s3(repository, clock, url.substring(BUCKET.length()).replaceFirst("/+$", ""));
    }

    private static S3StoreConfig s3(ConfigurationRepository repository, InstantSource clock, String place) {
        Settings settings = repository.settings();
        int slash = place.indexOf('/');
        var endpoint = settings.address(repository.path("endpoint"));
        return new S3StoreConfig(
                slash < 0 ? place : place.substring(0, slash),
                slash < 0 ? "" : place.substring(slash + 1),
                endpoint.orElse(null),
                settings.text(repository.path("region")).orElse(null),
                settings.flag(repository.path("path-style")).orElse(endpoint.isPresent()),
                credentials(repository),
                path(repository, "ca-file").orElse(null),
                settings.flag(repository.path("allow-http")).orElse(false),
                settings.flag(repository.path("allow-unsafe-store")).orElse(false),
                ChecksumMode.valueOf(settings.text(repository.path("checksum-mode"))
                        .orElseThrow()
                        .toUpperCase(Locale.ROOT)
                        .replace('-', '_')),
                settings.text(repository.path("storage-class")).orElse(null),
                new Timeouts(
                        settings.span(repository.path("timeouts.connect")).orElseThrow(),
                        settings.span(repository.path("timeouts.request")).orElseThrow(),
                        settings.span(repository.path("timeouts.total")).orElseThrow()),
                settings.number(repository.path("retries")).orElseThrow() + 1,
                S3StoreConfig.Transfer.DEFAULT,
                objectLock(repository, clock));
    }

    private static @Nullable ObjectLock objectLock(ConfigurationRepository repository, InstantSource clock) {
        Settings settings = repository.settings();
        Optional<ObjectLock.Mode> mode = settings.text(repository.path("object-lock.mode"))
                .map(text -> ObjectLock.Mode.valueOf(text.toUpperCase(Locale.ROOT)));
        Optional<Integer> days = settings.number(repository.path("object-lock.days"));
        return mode.isPresent() && days.isPresent()
                ? new ObjectLock(mode.get(), days.get(), clock, LockedObjects::covers)
                : null;
    }

    private static S3Credentials credentials(ConfigurationRepository repository) {
        Optional<String> access = secret(repository, "credentials.access-key");
        Optional<String> secret = secret(repository, "credentials.secret-key");
        return access.isPresent() && secret.isPresent()
                ? new S3Credentials.Fixed(access.get(), new Secret(secret.get()))
                : new S3Credentials.DefaultChain();
    }

    /** From the environment, else from the file. */
    private static Optional<String> secret(ConfigurationRepository repository, String key) {
        return repository
                .settings()
                .text(repository.path(key))
                .or(() -> path(repository, key + "-file").map(file -> {
                    byte[] line = SecretFile.readLine(file, repository.path(key + "-file"));
                    String text = new String(line, StandardCharsets.UTF_8).strip();
                    Arrays.fill(line, (byte) 0);
                    return text;
                }));
    }

    private static Optional<Path> path(ConfigurationRepository repository, String key) {
        return repository.settings().text(repository.path(key)).map(FileNames::fromText);
    }
}
