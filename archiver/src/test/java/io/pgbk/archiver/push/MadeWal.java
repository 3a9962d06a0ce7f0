package io.pgbk.archiver.push;

import io.pgbk.postgres.WalSegmentName;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The WAL of real servers, each made when it is first asked for, once in a JVM, and removed at its end; whoever changes
 * something changes a copy.
 */
final class MadeWal {
    private static final Path DIRECTORY = AsPostgres.temporaryDirectory("made-wal-");
    private static final Set<String> MADE = new HashSet<>();
    private static @Nullable WalSegmentName first;

    private MadeWal() {}

    /** The first of the four segments that "main" has for certain. */
    static synchronized WalSegmentName first() throws IOException {
        of("main");
        return Objects.requireNonNull(first);
    }

    /**
     * The pg_control and pg_wal of a server of version 15 ("main") and of two promoted copies of it ("left" and "right"),
     * of another cluster of that version ("other-cluster"), of version 16 ("other-version"), and of a cluster with segments
     * of 64 MiB ("large").
     */
    static synchronized Path of(String name) throws IOException {
        if (!MADE.contains(name)) {
            switch (name) {
                case "main", "left", "right" -> makeMain();
                case "other-cluster" -> makeOther(PostgresServer.builder(15), name);
                case "other-version" -> makeOther(PostgresServer.builder(16), name);
                case "large" -> makeOther(PostgresServer.builder(15).withWalSegmentMiB(64), name);
                default -> throw new IllegalArgumentException(name);
            }
        }
        return DIRECTORY.resolve(name);
    }

    /** Segments first to first+3 in "main"; the same cluster promoted twice in "left" and "right". */
    private static void makeMain() throws IOException {
        try (PostgresServer server = PostgresServer.builder(15)
                .withSetting("archive_mode", "on")
                .withSetting("archive_command", "false")
                .withSetting("archive_timeout", "0")
                .withSetting("wal_keep_size", "64MB")
                .start()) {
            first = WalSegmentName.parse(server.switchWal());
            for (int i = 0; i < 3; i++) {
                server.sql("create table t" + i + " as select generate_series(1, 1000) i");
                server.switchWal();
            }
            save(server, "main");
            try (PostgresServer left = server.createStandby();
                    PostgresServer right = server.createStandby()) {
                left.start();
                right.start();
                server.sql("insert into t0 values (0)"); // else nothing is written that could be replayed
                left.awaitCaughtUp(server);
                right.awaitCaughtUp(server);
                server.stop();
                promote(left, "left");
                promote(right, "right");
            }
        }
    }

    private static void promote(PostgresServer standby, String side) throws IOException {
        standby.promote();
        standby.sql("create table promoted_" + side + " as select generate_series(1, 100) i");
        standby.switchWal();
        save(standby, side);
    }

    private static void makeOther(PostgresServerOptions options, String name) throws IOException {
        try (PostgresServer other = options.start()) {
            other.switchWal();
            save(other, name);
        }
    }

    private static void save(PostgresServer server, String name) throws IOException {
        Path to = DIRECTORY.resolve(name);
        Files.createDirectories(to.resolve("global"));
        Files.createDirectories(to.resolve("pg_wal"));
        Files.copy(server.dataDirectory().resolve("global/pg_control"), to.resolve("global/pg_control"));
        try (var files = Files.list(server.dataDirectory().resolve("pg_wal"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                try {
                    Files.copy(
                            file,
                            to.resolve("pg_wal").resolve(file.getFileName().toString()),
                            StandardCopyOption.COPY_ATTRIBUTES);
                } catch (NoSuchFileException e) {
                    // A promoted server removes the files that it had prepared for the old timeline.
                }
            }
        }
        MADE.add(name);
    }
}
