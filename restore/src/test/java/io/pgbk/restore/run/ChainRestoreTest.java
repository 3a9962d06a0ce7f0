package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Restores of differential and incremental backups. */
final class ChainRestoreTest {
    private static String digestOf(PostgresServer server, String table) {
        return server.queryOne(
                "select count(*) || ' ' || md5(string_agg(t::text, ',' order by t.id)) from " + table + " t");
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 15, 18})
    void theNewestOfAChainIsRestoredFromAllPacksThatItUses(int major) {
        try (RestoreSite site = new RestoreSite(major)) {
            PostgresServer server = site.server();
            server.sql(
                    "create extension amcheck",
                    "create table kept as select id, repeat('k', 300) t from generate_series(1, 20000) id",
                    "create index on kept (id)",
                    "create table gone as select generate_series(1, 1000) id",
                    "checkpoint");
            site.backup(BackupType.FULL);
            server.sql("update kept set t = 'one' where id % 1000 = 1", "drop table gone", "checkpoint");
            String differential = site.backup(BackupType.DIFFERENTIAL);
            server.sql(
                    "update kept set t = 'two' where id between 300 and 320",
                    "create table added as select id, md5(id::text) t from generate_series(1, 5000) id",
                    "delete from kept where id > 15000",
                    "vacuum (truncate) kept",
                    "checkpoint");
            String incremental = site.backup(BackupType.INCREMENTAL);
            server.sql("insert into added values (-1, 'in the WAL only')");
            site.archiveEverything();
            assertThat(differential).endsWith("-diff");
            assertThat(incremental).endsWith("-incr");

            Path directory = TestRestore.fresh();
            TestRestore restore = TestRestore.of(site, directory).backup(incremental);
            restore.run();

            try (PostgresServer restored =
                    restore.server(PostgresServer.builder(major)).start()) {
                restored.awaitPromoted();
                for (String table : new String[] {"kept", "added"}) {
                    assertThat(digestOf(restored, table)).isEqualTo(digestOf(server, table));
                }
                restored.sql("select bt_index_check('kept_id_idx', true)");
                if (major >= 14) { // older versions of amcheck do not know it
                    restored.sql("select verify_heapam('kept')");
                }
            }
        }
    }

    @Test
    void hazardABackupPastTheForkOfAnotherTimelineIsNeverAParentAndTheChainRestores() {
        try (RestoreSite site = new RestoreSite(PostgresServer.builder(18).withSetting("summarize_wal", "on"))) {
            PostgresServer old = site.server();
            old.sql(
                    "create table kept as select id, repeat('k', 300) t from generate_series(1, 5000) id",
                    "checkpoint");
            String common = site.backup(BackupType.FULL);
            try (PostgresServer promoted = old.createStandby()) {
                promoted.start();
                promoted.awaitCaughtUp(old);
                promoted.promote();
                old.sql("update kept set t = 'the old line' where id between 100 and 3000", "checkpoint");
                String past = site.backup(BackupType.INCREMENTAL);
                // Beyond that backup by its WAL address too: only the history tells that it is another line's.
                promoted.sql(
                        "update kept set t = 'the new line' where id between 200 and 210",
                        "create table more as select id, repeat('m', 300) t from generate_series(1, 20000) id",
                        "checkpoint");
                assertThat(Lsn.parse(promoted.currentLsn())).isGreaterThan(stopLsn(site, past));

                String first = site.backup(promoted, BackupType.INCREMENTAL);
                promoted.sql("update kept set t = 'last' where id = 4000", "checkpoint");
                String second = site.backup(promoted, BackupType.INCREMENTAL);

                assertThat(parent(site, past)).isEqualTo(common);
                assertThat(parent(site, first)).isEqualTo(common);
                assertThat(parent(site, second)).isEqualTo(first);
                promoted.sql("insert into more values (-1, 'in the WAL only')");
                site.awaitArchived(promoted.switchWal());
                Path directory = TestRestore.fresh();
                TestRestore restore =
                        TestRestore.of(site, directory).backup(second).on(2);
                restore.run();
                try (PostgresServer restored =
                        restore.server(PostgresServer.builder(18)).start()) {
                    restored.awaitPromoted();
                    for (String table : new String[] {"kept", "more"}) {
                        assertThat(digestOf(restored, table)).isEqualTo(digestOf(promoted, table));
                    }
                }
            }
        }
    }

    private static BackupRecord record(RestoreSite site, String label) {
        return site.catalog().backups().require(Label.require(label));
    }

    private static String parent(RestoreSite site, String label) {
        return record(site, label).summary().facts().parent().orElseThrow().value();
    }

    private static Lsn stopLsn(RestoreSite site, String label) {
        return record(site, label).summary().stopLsn();
    }
}
