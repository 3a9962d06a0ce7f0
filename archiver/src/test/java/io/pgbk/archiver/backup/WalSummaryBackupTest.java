package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.archiver.FastTime;
import io.pgbk.catalog.repository.backup.WalSummaryUse;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.postgres.Lsn;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Backups that are told by PostgreSQL's WAL summaries what need not be read. One server without data checksums, where
 * hint bits change pages without WAL; each test begins with a full backup.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WalSummaryBackupTest {
    private static final int NO_SAMPLE = Integer.MAX_VALUE;
    private static final int READ_ALL = 1;
    private static final int BIG_BYTES = 12 << 20;

    private ChainSite site;
    private PostgresServer server;

    @BeforeAll
    void start(@TempDir Path directory) {
        site = new ChainSite(
                PostgresServer.builder(17)
                        .withChecksums(false)
                        .withSetting("autovacuum", "off")
                        .withSetting("summarize_wal", "on")
                        .withSetting("allow_in_place_tablespaces", "on"),
                directory);
        server = site.server();
        server.sql(
                "create table big as select i, md5(i::text) || repeat('x', 400) as t from generate_series(1, 26000) i",
                "create index on big (i)",
                "vacuum freeze big",
                "create tablespace elsewhere location ''",
                "checkpoint");
        assertThat(Long.parseLong(server.queryOne("select pg_relation_size('big')")))
                .isGreaterThan(BIG_BYTES);
    }

    @AfterAll
    void stop() {
        site.close();
    }

    private BackupResult incremental(int sampleOneIn) {
        return site.backup(server, BackupType.INCREMENTAL, sampleOneIn);
    }

    private static BackupResult.WalSummaries summaries(BackupResult result) {
        return Objects.requireNonNull(result.walSummaries());
    }

    @Test
    void whatNoSummaryListsIsNotReadAndTheBackupHoldsTheClusterAllTheSame() throws IOException {
        server.sql(
                "create table cut as select i, repeat('c', 400) t from generate_series(1, 5000) i",
                "create table emptied as select i from generate_series(1, 5000) i",
                "create table gone as select i from generate_series(1, 5000) i",
                "create table moved as select i, repeat('m', 400) t from generate_series(1, 2000) i",
                "create unlogged table unlogged as select i, repeat('u', 400) t from generate_series(1, 2000) i",
                "create table rewritten as select i, repeat('r', 400) t from generate_series(1, 2000) i",
                "create sequence numbers",
                "checkpoint");
        BackupResult full = site.backup(BackupType.FULL);
        assertThat(full.walSummaries()).isNull();
        server.sql(
                "update big set t = 'changed' where i = 777",
                "delete from cut where i > 2000",
                "vacuum (truncate) cut",
                "insert into cut select i, 'grown again' from generate_series(1, 20000) i",
                "truncate emptied",
                "insert into emptied select i from generate_series(7000, 9000) i",
                "drop table gone",
                "alter table moved set tablespace elsewhere",
                "alter table unlogged set logged",
                "update rewritten set t = 'changed' where i < 1000",
                "vacuum full rewritten",
                "select nextval('numbers')",
                "create table added as select i, repeat('a', 400) t from generate_series(1, 3000) i",
                "create database copied strategy file_copy",
                "create database logged strategy wal_log",
                "checkpoint");

        BackupResult incremental = incremental(NO_SAMPLE);

        site.assertHolds(
                incremental,
                "big",
                "big_i_idx",
                "cut",
                "emptied",
                "moved",
                "unlogged",
                "rewritten",
                "numbers",
                "added",
                "pg_class");
        assertThat(summaries(incremental).reason()).isNull();
        assertThat(summaries(incremental).disagreement()).isNull();
        assertThat(summaries(incremental).skippedBytes()).isGreaterThan(BIG_BYTES);
        assertThat(incremental.readBytes())
                .isEqualTo(incremental.databaseBytes() - summaries(incremental).skippedBytes());

        // Once more with all windows read: nothing that was left out had changed but by hints.
        BackupResult sampled = incremental(READ_ALL);
        assertThat(summaries(sampled).reason()).isNull();
        assertThat(summaries(sampled).disagreement()).isNull();
        assertThat(summaries(sampled).sampledWindows()).isGreaterThan(BIG_BYTES / (256 << 10));
        assertThat(sampled.readBytes()).isEqualTo(sampled.databaseBytes());
        site.assertHolds(sampled, "big", "cut", "moved", "added");
        WalSummaryUse stored =
                site.record(sampled).summary().facts().walSummaries().orElseThrow();
        assertThat(stored.sampledWindows()).isEqualTo(summaries(sampled).sampledWindows());
        server.sql("drop database copied", "drop database logged");
    }

    @Test
    void aDatabaseIsReadWholeWhenItsFilesWereCopiedSinceTheParent() throws IOException {
        server.sql("create database again", "checkpoint");
        server.sqlIn("again", "create table t as select i from generate_series(1, 1000) i", "checkpoint");
        site.backup(BackupType.FULL);
        server.sql("alter database again set tablespace elsewhere", "alter database again set tablespace pg_default");
        server.sqlIn("again", "checkpoint");

        BackupResult incremental = incremental(NO_SAMPLE);

        assertThat(summaries(incremental).reason()).isNull();
        long again = Long.parseLong(server.queryOne("select pg_database_size('again')"));
        assertThat(incremental.readBytes()).isGreaterThan(again * 9 / 10);
        site.assertHolds(incremental, "big");
        server.sql("drop database again");
    }

    @Test
    void hintBitsThatNobodyLoggedAreFoundByTheSampleAndCounted() throws IOException {
        server.sql("create table hinted as select i, repeat('h', 400) t from generate_series(1, 2000) i", "checkpoint");
        site.backup(BackupType.FULL);
        assertThat(server.queryOne("select count(*) from hinted where t <> ''")).isEqualTo("2000");
        server.sql("checkpoint");

        BackupResult believing = incremental(NO_SAMPLE);
        assertThat(summaries(believing).hintOnlyPages()).isZero();
        BackupResult sampled = incremental(READ_ALL);

        assertThat(summaries(sampled).disagreement()).isNull();
        assertThat(summaries(sampled).hintOnlyPages()).isGreaterThan(100);
        site.assertHolds(sampled, "hinted", "big");
    }

    @Test
    void hazardSummariesThatHideChangesAreFoundOutAndEverythingIsRead() throws IOException {
        BackupResult full = site.backup(BackupType.FULL);
        server.sql("update big set t = 'hidden' where i % 1000 = 0", "checkpoint");
        awaitSummarised();
        hideChangesSince(full);

        BackupResult incremental = incremental(READ_ALL);

        assertThat(summaries(incremental).disagreement())
                .contains("no WAL summary")
                .contains("base/");
        assertThat(summaries(incremental).reason()).isEqualTo("the WAL summaries turned out to be wrong");
        assertThat(summaries(incremental).skippedBytes()).isZero();
        assertThat(incremental.readBytes()).isGreaterThanOrEqualTo(incremental.databaseBytes());
        site.assertHolds(incremental, "big", "big_i_idx");
        assertThat(site.record(incremental).summary().packs().stream()
                        .filter(use -> use.label().value().equals(incremental.label()))
                        .mapToLong(use -> use.storedBytes())
                        .sum())
                .isEqualTo(incremental.storedBytes());

        BackupResult next = incremental(NO_SAMPLE);
        assertThat(next.parent()).isEqualTo(incremental.label());
        assertThat(summaries(next).reason())
                .isEqualTo("the WAL summaries turned out to be wrong in backup " + incremental.label());
        assertThat(next.readBytes()).isEqualTo(next.databaseBytes());

        site.backup(BackupType.FULL);
        assertThat(summaries(incremental(NO_SAMPLE)).reason()).isNull();
    }

    @Test
    void withoutAllSummariesSinceTheParentEverythingIsReadAndTheReasonIsGiven() throws IOException {
        BackupResult full = site.backup(BackupType.FULL);
        server.sql("update big set t = 'unlisted' where i = 4711", "checkpoint");
        awaitSummarised();
        Path lost = summariesSince(full).getLast();
        Files.delete(lost);

        BackupResult incremental = incremental(NO_SAMPLE);

        assertThat(summaries(incremental).reason()).startsWith("there is no WAL summary of timeline 1 from ");
        assertThat(incremental.readBytes()).isEqualTo(incremental.databaseBytes());
        site.assertHolds(incremental, "big");

        damage(summariesSince(incremental, true));
        BackupResult damaged = incremental(NO_SAMPLE);
        assertThat(summaries(damaged).reason()).contains("read the WAL summaries");
        site.assertHolds(damaged, "big");

        server.sql("alter system set summarize_wal = off", "select pg_reload_conf()");
        server.await("select current_setting('summarize_wal') = 'off'");
        try {
            assertThat(summaries(incremental(NO_SAMPLE)).reason()).isEqualTo("summarize_wal is off");
        } finally {
            server.sql("alter system reset summarize_wal", "select pg_reload_conf()");
        }
    }

    /** The deadline is that of archiving, which may be hours; this test would not end with it. */
    @Test
    void hazardASummariserThatStandsStillIsNotWaitedForLongerThanPostgresWouldItself() throws Exception {
        site.backup(BackupType.FULL);
        server.sql("update big set t = 'not summarised' where i = 1234", "checkpoint");
        String summariser = server.queryOne("select pid from pg_stat_activity where backend_type = 'walsummarizer'");
        signal("STOP", summariser);
        try {
            BackupResult incremental = site.backup(
                    site.runner(server, NO_SAMPLE, FastTime.world(Duration.ofDays(1))), BackupType.INCREMENTAL);
            assertThat(summaries(incremental).reason()).startsWith("there is no WAL summary of timeline 1 from ");
            assertThat(incremental.readBytes()).isEqualTo(incremental.databaseBytes());
        } finally {
            signal("CONT", summariser);
        }
        awaitSummarised();
    }

    private static void signal(String name, String process) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, process).start().waitFor())
                .isZero();
    }

    /** Until everything up to the last checkpoint is in a summary. */
    private void awaitSummarised() {
        Deadline.within(Duration.ofSeconds(60))
                .await(
                        "the summariser",
                        () -> server.queryOne("select summarized_lsn >= (select redo_lsn from pg_control_checkpoint())"
                                        + " from pg_get_wal_summarizer_state()")
                                .equals("t"));
    }

    /** The files with WAL behind the backup's start, in the order of the WAL. */
    private List<Path> summariesSince(BackupResult backup) throws IOException {
        return summariesSince(backup, false);
    }

    private List<Path> summariesSince(BackupResult backup, boolean await) throws IOException {
        if (await) {
            server.sql(
                    "create table if not exists something (i int)", "insert into something values (1)", "checkpoint");
            awaitSummarised();
        }
        long start = Lsn.parse(backup.startLsn()).value();
        List<Path> since = new ArrayList<>();
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(server.dataDirectory().resolve("pg_wal/summaries"), "*.summary")) {
            for (Path file : files) {
                if (Long.parseUnsignedLong(file.getFileName().toString().substring(24, 40), 16) > start) {
                    since.add(file);
                }
            }
        }
        since.sort(Comparator.naturalOrder());
        assertThat(since).isNotEmpty();
        return since;
    }

    private static void damage(List<Path> files) throws IOException {
        for (Path file : files) {
            byte[] content = Files.readAllBytes(file);
            content[content.length - 1] ^= 1;
            Files.write(file, content);
        }
    }

    /** Makes summaries that list nothing of all that exist; their checksums are right. */
    private void hideChangesSince(BackupResult backup) throws IOException {
        ByteBuffer empty =
                ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN).putInt(0x652b137b);
        CRC32C crc = new CRC32C();
        crc.update(empty.array(), 0, 28);
        empty.putInt(28, (int) crc.getValue());
        for (Path file : summariesSince(backup)) {
            Files.write(file, empty.array());
        }
    }
}
