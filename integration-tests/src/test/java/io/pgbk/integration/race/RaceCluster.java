package io.pgbk.integration.race;

import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.Tools;
import java.nio.file.Path;
import java.util.Map;

/** The cluster that is backed up: PostgreSQL 15, filled without WAL, then switched to archiving. */
final class RaceCluster {
    private static final int MAJOR = 15;
    private static final int NOISE_ROW_BYTES = 8 * 16 + 8 + 28;

    private RaceCluster() {}

    /** Creates and fills a cluster that does not archive yet; nothing is filled in for a scale of 0. */
    static PostgresServer create(int pgbenchScale, int noiseMiB) {
        return create(MAJOR, pgbenchScale, noiseMiB);
    }

    /** The same of another major version. */
    static PostgresServer create(int major, int pgbenchScale, int noiseMiB) {
        PostgresServer server = PostgresServer.builder(major)
                .withWalSegmentMiB(16)
                .withSetting("shared_buffers", "1GB")
                .withSetting("max_wal_size", "8GB")
                .withSetting("maintenance_work_mem", "512MB")
                .withSetting("autovacuum", "off")
                .withSetting("wal_level", "minimal")
                .withSetting("max_wal_senders", "0")
                .start();
        if (pgbenchScale > 0) {
            Path pgbench =
                    Tools.find("pgbench").orElseThrow(() -> new IllegalStateException("pgbench is not installed"));
            Tools.run(server, pgbench, Map.of(), "-i", "-I", "dtgvp", "-q", "-s", Integer.toString(pgbenchScale))
                    .orThrow();
        }
        if (noiseMiB > 0) {
            long rows = noiseMiB * 1024L * 1024 / NOISE_ROW_BYTES;
            server.sql("create table noise as select i, gen_random_uuid() a, gen_random_uuid() b, gen_random_uuid() c,"
                    + " gen_random_uuid() d, gen_random_uuid() e, gen_random_uuid() f, gen_random_uuid() g,"
                    + " gen_random_uuid() h from generate_series(1, " + rows + ") i");
            // The first to read a row changes its page.
            server.sql("vacuum (freeze) noise");
        }
        server.sql("checkpoint");
        return server;
    }

    /** Restarts a cluster with this archive_command. */
    static void archive(PostgresServer server, String command) {
        server.configure(Map.of(
                "wal_level", "replica", "max_wal_senders", "10", "archive_mode", "on", "archive_command", command));
        server.restart();
    }

    /** Makes segments that nobody archives by itself. */
    static void makeSegments(PostgresServer server, int count) {
        server.configure(Map.of("archive_command", ""));
        server.reload();
        server.sql("create table if not exists filler (x text)");
        for (int i = 0; i < count; i++) {
            server.sql("insert into filler select md5(random()::text) from generate_series(1, 30000)");
            server.switchWal();
        }
    }
}
