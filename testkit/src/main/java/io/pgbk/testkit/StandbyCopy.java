package io.pgbk.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;

/** Makes a streaming standby of a running server, without pg_basebackup (which exists for one major version only). */
final class StandbyCopy {
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private StandbyCopy() {}

    static PostgresServer of(PostgresServer primary) {
        PostgresServer standby =
                new PostgresServer(primary.options().withOwnedDataDirectory(AsPostgres.temporaryDirectory("standby")));
        try (Connection connection = primary.connect();
                Statement statement = connection.createStatement()) {
            boolean old = primary.major() < 15;
            statement.execute(
                    old ? "select pg_start_backup('standby', true, false)" : "select pg_backup_start('standby', true)");
            copy(primary.dataDirectory(), standby.dataDirectory());
            byte[] label;
            try (ResultSet result = statement.executeQuery(
                    old
                            ? "select labelfile from pg_stop_backup(false, false)"
                            : "select labelfile from pg_backup_stop(false)")) {
                result.next();
                label = result.getString(1).getBytes(StandardCharsets.UTF_8);
            }
            copy(
                    primary.dataDirectory().resolve("pg_wal"),
                    standby.dataDirectory().resolve("pg_wal"));
            complete(primary, standby, label);
            return standby;
        } catch (SQLException | IOException e) {
            standby.close();
            throw new IllegalStateException("cannot make a standby", e);
        }
    }

    private static void copy(Path from, Path to) {
        // Files vanish while the server runs: cp says so and goes on, so its exit code means nothing.
        AsPostgres.run(List.of("cp", "-a", from + "/.", to.toString()), java.util.Map.of(), null, DEADLINE);
    }

    private static void complete(PostgresServer primary, PostgresServer standby, byte[] label) throws IOException {
        Path data = standby.dataDirectory();
        Files.deleteIfExists(data.resolve("postmaster.pid"));
        Files.deleteIfExists(data.resolve("postmaster.opts"));
        for (String emptied : List.of("pg_replslot", "pg_wal/archive_status")) {
            try (var entries = Files.list(data.resolve(emptied))) {
                for (Path entry : entries.toList()) {
                    AsPostgres.deleteTree(entry);
                }
            } catch (UncheckedIOException e) {
                throw new IOException(e);
            }
        }
        Files.write(data.resolve("backup_label"), label);
        Files.write(data.resolve("standby.signal"), new byte[0]);
        Files.writeString(
                data.resolve("postgresql.auto.conf"),
                "\nprimary_conninfo = '" + primary.connectionString("postgres").replace("'", "''") + "'\n"
                        // Five seconds by default, after every attempt that found nothing.
                        + "wal_retrieve_retry_interval = '200ms'\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        AsPostgres.own(data);
    }
}
