package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Restores of differential and incremental backups. */
final class ChainRestoreTest {
    private static final int MAJOR = 18;

    private static String digestOf(PostgresServer server, String table) {
        return server.queryOne(
                "select count(*) || ' ' || md5(string_agg(t::text, ',' order by t.id)) from " + table + " t");
    }

    @Test
    void theNewestOfAChainIsRestoredFromAllPacksThatItUses() {
        try (RestoreSite site = new RestoreSite(MAJOR)) {
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
                    restore.server(PostgresServer.builder(MAJOR)).start()) {
                restored.awaitPromoted();
                for (String table : new String[] {"kept", "added"}) {
                    assertThat(digestOf(restored, table)).isEqualTo(digestOf(server, table));
                }
                restored.sql("select bt_index_check('kept_id_idx', true)", "select verify_heapam('kept')");
            }
        }
    }
}
