package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.synthesis.SyntheticFull;
import io.pgbk.catalog.repository.synthesis.SyntheticOutcome;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A full backup written from the repository alone, with a real server before and after. */
final class SyntheticRestoreTest {
    private static final int MAJOR = 17;

    private static String digestOf(PostgresServer server, String table) {
        return server.queryOne(
                "select count(*) || ' ' || md5(string_agg(t::text, ',' order by t.id)) from " + table + " t");
    }

    private static void assertRestores(RestoreSite site, String label) {
        Path directory = TestRestore.fresh();
        TestRestore restore = TestRestore.of(site, directory).backup(label);
        restore.run();
        try (PostgresServer restored =
                restore.server(PostgresServer.builder(MAJOR)).start()) {
            restored.awaitPromoted();
            for (String table : new String[] {"kept", "added"}) {
                assertThat(digestOf(restored, table)).isEqualTo(digestOf(site.server(), table));
            }
            restored.sql("select bt_index_check('kept_id_idx', true)", "select verify_heapam('kept')");
        }
    }

    @Test
    void aSyntheticFullIsRestoredWhenItsChainIsGoneAndLaterBackupsAreBuiltOnIt() {
        try (RestoreSite site = new RestoreSite(MAJOR)) {
            PostgresServer server = site.server();
            server.sql(
                    "create extension amcheck",
                    "create table kept as select id, repeat('k', 300) t from generate_series(1, 20000) id",
                    "create index on kept (id)",
                    "checkpoint");
            String full = site.backup(BackupType.FULL);
            server.sql("update kept set t = 'one' where id % 1000 = 1", "checkpoint");
            String differential = site.backup(BackupType.DIFFERENTIAL);
            server.sql(
                    "create table added as select id, md5(id::text) t from generate_series(1, 5000) id",
                    "delete from kept where id > 15000",
                    "vacuum (truncate) kept",
                    "checkpoint");
            String incremental = site.backup(BackupType.INCREMENTAL);

            SyntheticOutcome outcome = new SyntheticFull(
                            site.catalog(), new SyntheticFull.Settings(2, Duration.ZERO, "host", "1"))
                    .run(Map.of(), TaskMonitor.SILENT);
            BackupRecord synthetic = ((SyntheticOutcome.Written) outcome).backup();
            BackupCatalog backups = site.catalog().backups();
            for (String label : List.of(incremental, differential, full)) {
                backups.delete(Label.require(label), Duration.ZERO, true);
            }
            assertThat(backups.list()).hasSize(1);
            server.sql("insert into added values (-1, 'in the WAL only')");
            site.archiveEverything();
            assertRestores(site, synthetic.label().value());

            server.sql("update kept set t = 'two' where id = 4711", "checkpoint");
            String next = site.backup(BackupType.INCREMENTAL);
            String other = site.backup(BackupType.DIFFERENTIAL);
            for (String label : List.of(next, other)) {
                BackupRecord record = backups.require(Label.require(label));
                assertThat(record.summary().facts().parent()).hasValue(synthetic.label());
                // Its digests serve as any other's: little is stored anew.
                assertThat(record.summary().facts().storedBytes())
                        .isLessThan(synthetic.summary().facts().storedBytes() / 3);
            }
            site.archiveEverything();
            assertRestores(site, next);
        }
    }
}
