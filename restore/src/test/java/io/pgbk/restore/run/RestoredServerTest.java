package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** What becomes of a restored directory when PostgreSQL 18 starts on it: standby, new line of history, clone. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RestoredServerTest {
    private static final int MAJOR = 18;

    private static RestoreSite site;
    private static Path space;
    private static String first;

    @BeforeAll
    static void takeBackup() {
        site = new RestoreSite(options().withSetting("summarize_wal", "on").withSetting("autovacuum", "off"));
        space = AsPostgres.temporaryDirectory("space-");
        site.server()
                .sql(
                        "create tablespace space location '" + space + "'",
                        "create table t (id int, note text)",
                        "create table in_space (id int) tablespace space",
                        "insert into t values (0, 'in the backup')");
        first = site.backup();
    }

    @AfterAll
    static void stop() {
        if (site != null) {
            site.close();
            AsPostgres.deleteTree(space);
        }
    }

    private static PostgresServerOptions options() {
        return PostgresServer.builder(MAJOR);
    }

    private static TestRestore restore(Path directory) {
        return TestRestore.of(site, directory).map(space, Path.of(directory + ".space"));
    }

    private static List<String> notes(PostgresServer server) {
        return server.query("select note from t order by id").stream()
                .map(row -> String.valueOf(row.getFirst()))
                .toList();
    }

    private static Instant now(PostgresServer server) {
        server.sql("select pg_sleep(0.01)");
        String time = server.queryOne(
                "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
        server.sql("select pg_sleep(0.01)");
        return Instant.parse(time);
    }

    // ---- standby, Patroni's replica

    @Test
    void aRestoredStandbyStreamsFromThePrimary() throws IOException {
        Path directory = TestRestore.fresh();
        String primary = site.server().connectionString("postgres");
        TestRestore restore = restore(directory).as(new RecoveryRole.Standby(Optional.of(primary)));
        restore.run();
        assertThat(directory.resolve("standby.signal")).exists();
        assertThat(directory.resolve("recovery.signal")).doesNotExist();
        assertThat(Files.readString(directory.resolve("postgresql.auto.conf")))
                .contains("recovery_target_timeline = 'latest'");
        try (PostgresServer standby = restore.server(options())) {
            standby.start();
            assertStreams(standby);
        }
    }

    private static void assertStreams(PostgresServer standby) {
        standby.await("select count(*) = 1 from pg_stat_wal_receiver where status = 'streaming'");
        site.server().sql("create table if not exists streamed (x int)", "insert into streamed values (1)");
        standby.awaitCaughtUp(site.server());
        assertThat(standby.queryOne("select max(x) from streamed")).isEqualTo("1");
        assertThat(standby.queryOne("select pg_is_in_recovery()")).isEqualTo("t");
    }

    @Test
    void whatIsLeftToTheCallerHasNoRecoverySettingsAndStartsWithTheCallersOwn() throws IOException {
        Path directory = TestRestore.fresh();
        TestRestore restore = restore(directory).as(new RecoveryRole.LeftToCaller());
        restore.run();
        assertThat(directory.resolve("standby.signal")).doesNotExist();
        assertThat(directory.resolve("recovery.signal")).doesNotExist();
        Path conf = directory.resolve("postgresql.auto.conf");
        assertThat(Files.readString(conf)).doesNotContain("restore_command").doesNotContain("recovery_target");
        // What Patroni does to make a replica of it.
        Files.createFile(directory.resolve("standby.signal"));
        Files.writeString(
                conf,
                "restore_command = '" + site.restoreCommand() + "'\nprimary_conninfo = '"
                        + site.server().connectionString("postgres") + "'\n",
                StandardOpenOption.APPEND);
        try (PostgresServer replica = restore.server(options())) {
            replica.start();
            assertStreams(replica);
        }
    }

    // ---- lines of history

    @Test
    @Order(Integer.MAX_VALUE) // from here on the archive's newest timeline is not the primary's
    void aSecondPitrAfterAFirstOneFollowsTheTimelineThatTheTargetLiesOn() {
        PostgresServer live = site.server();
        live.sql("delete from t where id > 0", "insert into t values (1, 'common past')");
        Instant common = now(live);
        live.sql("insert into t values (2, 'abandoned')");
        site.archiveEverything();

        Path firstPlace = TestRestore.fresh();
        TestRestore firstRestore = restore(firstPlace).to(new RecoveryTarget.Time(common, false));
        firstRestore.run();
        Instant secondLife;
        try (PostgresServer second = firstRestore.server(options()
                .withCommandLineSetting("archive_mode", "on")
                .withCommandLineSetting("archive_command", site.archiveCommand()))) {
            second.start();
            second.awaitPromoted();
            assertThat(notes(second)).containsExactly("in the backup", "common past");
            second.sql("insert into t values (3, 'second life')");
            secondLife = now(second);
            second.sql("insert into t values (4, 'lost again')");
            site.awaitArchived(second.switchWal());
            second.stop();
        }

        TestRestore toSecondLife = restore(TestRestore.fresh()).to(new RecoveryTarget.Time(secondLife, false));
        assertThat(toSecondLife.plan().recovery().timeline()).isEqualTo(2);
        assertRestores(toSecondLife, "in the backup", "common past", "second life");
        TestRestore toTheEnd = restore(TestRestore.fresh());
        assertThat(toTheEnd.plan().recovery().timeline()).isEqualTo(2);
        TestRestore toTheAbandoned = restore(TestRestore.fresh()).on(1);
        assertRestores(toTheAbandoned, "in the backup", "common past", "abandoned");
    }

    private static void assertRestores(TestRestore restore, String... notes) {
        restore.run();
        try (PostgresServer server = restore.server(options())) {
            server.start();
            server.awaitPromoted();
            assertThat(notes(server)).containsExactly(notes);
        }
    }

    // ---- a clone touches nothing that lives

    @Test
    void aRestoredCopyThatReplaysCreateDatabaseWritesNothingIntoTheLiveTablespaces() throws IOException {
        PostgresServer live = site.server();
        live.sql("create database by_files tablespace space strategy file_copy");
        live.sql("create database by_log tablespace space strategy wal_log");
        for (String database : List.of("by_files", "by_log")) {
            live.sqlIn(database, "create table there as select generate_series(1, 100) as x");
        }
        site.archiveEverything();
        live.sql("checkpoint");
        Map<String, String> before = fingerprint(space);
        Path directory = TestRestore.fresh();
        TestRestore restore = restore(directory).backup(first).on(1);
        restore.run();
        try (PostgresServer copy = restore.server(options())) {
            copy.start();
            copy.awaitPromoted();
            for (String database : List.of("by_files", "by_log")) {
                assertThat(copy.queryIn(database, "select count(*) from there")).isEqualTo(List.of(List.of("100")));
                copy.sqlIn(database, "insert into there values (0)");
            }
            copy.sql("checkpoint");
            assertThat(copy.queryOne("select pg_tablespace_location(oid) from pg_tablespace where spcname = 'space'"))
                    .isEqualTo(directory + ".space");
        }
        assertThat(fingerprint(space)).isEqualTo(before);
    }

    private static Map<String, String> fingerprint(Path root) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                files.put(
                        file.toString(), Files.getLastModifiedTime(file) + " " + Files.getAttribute(file, "unix:ino"));
            }
        }
        assertThat(files).hasSizeGreaterThan(500);
        return files;
    }

    // ---- PostgreSQL's own parser of backup manifests

    @Test
    void thePrimaryTakesTheRestoredBackupManifestAsTheManifestOfAParent() throws IOException {
        Path directory = TestRestore.fresh();
        restore(directory).run();
        String manifest = Files.readString(directory.resolve("backup_manifest"));
        try (ReplicationConnection primary = ReplicationConnection.to(site.server())) {
            assertThat(primary.uploadManifest(manifest)).isEmpty();
            // System identifier and WAL range are compared with the server when a backup is built on it.
            assertThat(primary.beginsToSend("BASE_BACKUP (INCREMENTAL, CHECKPOINT 'fast', WAIT false, MANIFEST 'no')"))
                    .isEmpty();
        }
        String wrong = manifest.replaceFirst("\"Size\": (\\d)", "\"Size\": 9$1");
        assertThat(wrong).isNotEqualTo(manifest);
        try (ReplicationConnection primary = ReplicationConnection.to(site.server())) {
            assertThat(primary.uploadManifest(wrong)).contains("manifest checksum mismatch");
        }
    }
}
