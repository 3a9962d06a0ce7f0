package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.WalSummaryUse;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
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
            try (PostgresServer promoted = old.createStandby()) {
                promoted.start(); // its summariser knows what the old server does from now on
                String common = site.backup(BackupType.FULL);
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
                for (String built : new String[] {past, first, second}) {
                    assertThat(summaries(site, built).reason()).isEmpty();
                    assertThat(summaries(site, built).skippedBytes()).isPositive();
                }
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

    @Test
    void withAndWithoutWalSummariesTheSameFilesAreRestored() throws IOException {
        try (RestoreSite site = new RestoreSite(PostgresServer.builder(18)
                .withSetting("summarize_wal", "on")
                .withSetting("autovacuum", "off")
                .withSetting("allow_in_place_tablespaces", "on"))) {
            PostgresServer server = site.server();
            server.sql(
                    "create extension amcheck",
                    "create tablespace elsewhere location ''",
                    "create table kept as select id, repeat('k', 300) t from generate_series(1, 30000) id",
                    "create index on kept (id)",
                    "create table cut as select id, repeat('c', 300) t from generate_series(1, 10000) id",
                    "create table moved as select id, repeat('m', 300) t from generate_series(1, 3000) id",
                    "create unlogged table unlogged as select id from generate_series(1, 3000) id",
                    "vacuum analyze",
                    "checkpoint");
            site.backup(BackupType.FULL);
            server.sql(
                    "update kept set t = 'changed' where id % 3000 = 1",
                    "delete from cut where id > 3000",
                    "vacuum (truncate) cut",
                    "insert into cut select id, 'again' from generate_series(20000, 50000) id",
                    "alter table moved set tablespace elsewhere",
                    "alter table unlogged set logged",
                    "create database copied strategy file_copy",
                    "vacuum kept",
                    "select count(*) from kept",
                    "checkpoint");
            Map<String, Integer> before = relations(server.dataDirectory());
            String guided = site.backup(BackupType.DIFFERENTIAL);
            server.sql("alter system set summarize_wal = off", "select pg_reload_conf()");
            server.await("select current_setting('summarize_wal') = 'off'");
            String read = site.backup(BackupType.DIFFERENTIAL);
            Map<String, Integer> after = relations(server.dataDirectory());
            site.archiveEverything();
            assertThat(summaries(site, guided).reason()).isEmpty();
            assertThat(summaries(site, guided).skippedBytes()).isGreaterThan(8 << 20);
            assertThat(summaries(site, read).reason()).contains("summarize_wal is off");
            assertThat(parent(site, read)).isEqualTo(parent(site, guided));

            Path one = TestRestore.fresh();
            TestRestore restore = TestRestore.of(site, one).backup(guided);
            restore.run();
            Path other = TestRestore.fresh();
            TestRestore.of(site, other).backup(read).run();

            // But for a few catalogues, in which sessions leave hints, nothing changed meanwhile.
            before.keySet().removeIf(file -> !Objects.equals(before.get(file), after.get(file)));
            for (Path restored : List.of(one, other)) {
                Map<String, Integer> files = relations(restored);
                files.keySet().retainAll(before.keySet());
                assertThat(files).hasSizeGreaterThan(900);
                assertThat(files.keySet())
                        .filteredOn(file -> !Objects.equals(files.get(file), before.get(file)))
                        .isEmpty();
            }
            try (PostgresServer restored =
                    restore.server(PostgresServer.builder(18)).start()) {
                restored.awaitPromoted();
                for (String table : new String[] {"kept", "cut", "moved", "unlogged"}) {
                    assertThat(digestOf(restored, table)).isEqualTo(digestOf(server, table));
                }
                restored.sql(
                        "select bt_index_check('kept_id_idx', true)",
                        "select verify_heapam('kept')",
                        "select verify_heapam('cut')");
                assertThat(restored.queryIn("copied", "select count(*) > 0 from pg_class"))
                        .isEqualTo(List.of(List.of("t")));
            }
        }
    }

    /** The content of everything that relations consist of, by path. */
    private static Map<String, Integer> relations(Path directory) throws IOException {
        Map<String, Integer> contents = new TreeMap<>();
        for (String part : new String[] {"base", "global", "pg_tblspc"}) {
            try (Stream<Path> files = Files.walk(directory.resolve(part))) {
                for (Path file : (Iterable<Path>)
                        files.filter(Files::isRegularFile).filter(file -> !file.endsWith("pg_control"))::iterator) {
                    contents.put(directory.relativize(file).toString(), Arrays.hashCode(Files.readAllBytes(file)));
                }
            }
        }
        return contents;
    }

    private static BackupRecord record(RestoreSite site, String label) {
        return site.catalog().backups().require(Label.require(label));
    }

    private static String parent(RestoreSite site, String label) {
        return record(site, label).summary().facts().parent().orElseThrow().value();
    }

    private static WalSummaryUse summaries(RestoreSite site, String label) {
        return record(site, label).summary().facts().walSummaries().orElseThrow();
    }

    private static Lsn stopLsn(RestoreSite site, String label) {
        return record(site, label).summary().stopLsn();
    }
}
