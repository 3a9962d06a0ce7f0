package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.archiver.ControlFile;
import io.pgbk.archiver.InProcessArchiver;
import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Differential and incremental backups of a real server, one for all tests; each begins with a full backup. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class IncrementalBackupTest {
    private ChainSite site;
    private PostgresServer server;
    private BackupResult veryFirst;

    @BeforeAll
    void start(@TempDir Path directory) {
        site = new ChainSite(PostgresServer.builder(18).withSetting("autovacuum", "off"), directory);
        server = site.server();
        server.sql(
                "create table big as select i, md5(i::text) || repeat('x', 400) as t from generate_series(1, 20000) i",
                "create index on big (i)",
                "vacuum freeze big",
                "checkpoint");
        veryFirst = site.backup(BackupType.INCREMENTAL);
    }

    @AfterAll
    void stop() {
        site.close();
    }

    @Test
    void aChainHoldsTheWholeClusterAndStoresWhatChanged() throws IOException {
        BackupResult full = site.backup(BackupType.FULL);
        server.sql("update big set t = 'changed' where i between 5000 and 5040", "checkpoint");

        BackupResult differential = site.backup(BackupType.DIFFERENTIAL);
        assertThat(differential.parent()).isEqualTo(full.label());
        assertThat(differential.label()).endsWith("-diff");
        assertThat(differential.type()).isEqualTo("differential");
        assertThat(differential.storedBytes()).isLessThan(full.storedBytes() / 3);
        site.assertHolds(differential, "big", "big_i_idx");

        server.sql(
                "create table later as select generate_series(1, 3000) i",
                "delete from big where i > 18000",
                "vacuum (truncate) big",
                "drop index big_i_idx",
                "checkpoint");
        BackupResult incremental = site.backup(BackupType.INCREMENTAL);
        assertThat(incremental.parent()).isEqualTo(differential.label());
        assertThat(incremental.type()).isEqualTo("incremental");
        site.assertHolds(incremental, "big", "later");

        BackupResult idle = site.backup(BackupType.INCREMENTAL);
        assertThat(idle.parent()).isEqualTo(incremental.label());
        assertThat(idle.storedBytes()).isLessThan(full.storedBytes() / 20);
        assertThat(idle.files()).isGreaterThan(900);
        site.assertHolds(idle, "big", "later");
        assertThat(site.record(idle).summary().packs())
                .extracting(use -> use.label().value())
                .contains(full.label(), idle.label());

        BackupResult other = site.backup(BackupType.DIFFERENTIAL);
        assertThat(other.parent()).isEqualTo(full.label());
        site.assertHolds(other, "big", "later");
    }

    @Test
    void withoutAParentAFullIsTakenAndSaysWhy() {
        assertThat(veryFirst.type()).isEqualTo("full");
        assertThat(veryFirst.label()).endsWith("-full");
        assertThat(veryFirst.parent()).isNull();
        assertThat(veryFirst.fallbackReason()).isEqualTo("there is no backup yet");
        assertThat(site.record(veryFirst).summary().facts().fallbackReason()).contains("there is no backup yet");
    }

    @Test
    void whatABackupWithABadVerdictStoredIsStoredAnewAndLostPacksAreToo() throws IOException {
        BackupResult full = site.backup(BackupType.FULL);
        server.sql("create table second as select i, repeat('y', 500) t from generate_series(1, 5000) i", "checkpoint");
        BackupResult first = site.backup(BackupType.INCREMENTAL);
        site.cluster()
                .backups()
                .recordVerify(
                        Label.require(full.label()),
                        new BackupEvent.VerifyVerdict(
                                BackupEvent.Verdict.DAMAGED, 100, 1, 1, Optional.of("a test says so")));

        BackupResult second = site.backup(BackupType.INCREMENTAL);

        assertThat(second.parent()).isEqualTo(first.label());
        site.assertHolds(second, "big", "second");
        assertThat(site.record(second).summary().packs())
                .extracting(use -> use.label().value())
                .doesNotContain(full.label())
                .contains(first.label());

        for (String key : site.repository().keys("clusters/")) {
            if (key.contains("/packs/" + first.label() + "/")) {
                site.repository().repository().store().delete(List.of(key));
            }
        }
        BackupResult third = site.backup(BackupType.INCREMENTAL);
        assertThat(third.parent()).isEqualTo(second.label());
        site.assertHolds(third, "big", "second");
        assertThat(site.record(third).summary().packs())
                .extracting(use -> use.label().value())
                .doesNotContain(first.label());
    }

    @Test
    void aVerdictThatNamesSinglePacksStoresJustWhatLiesInThemAnew() throws IOException {
        BackupResult full = site.backup(BackupType.FULL);
        BackupResult first = site.backup(BackupType.INCREMENTAL);
        Label label = Label.require(full.label());
        List<PackUse> stored = site.record(full).summary().packs();
        assertThat(stored).hasSizeGreaterThan(1);
        PackUse damaged = stored.getFirst();
        site.cluster()
                .backups()
                .recordVerify(
                        label,
                        new BackupEvent.VerifyVerdict(
                                BackupEvent.Verdict.DAMAGED,
                                100,
                                Optional.empty(),
                                1,
                                1,
                                Optional.of("a test says so"),
                                Set.of(new PackId(label, damaged.number()))));

        BackupResult second = site.backup(BackupType.INCREMENTAL);

        assertThat(second.parent()).isEqualTo(first.label());
        site.assertHolds(second, "big");
        List<PackUse> used = site.record(second).summary().packs().stream()
                .filter(use -> use.label().equals(label))
                .toList();
        assertThat(used)
                .extracting(PackUse::number)
                .doesNotContain(damaged.number())
                .isNotEmpty();
        assertThat(second.storedBytes()).isLessThan(full.storedBytes());
    }

    @Test
    void onAParentWithADamagedManifestNothingIsBuiltAndTheReasonIsGiven() throws IOException {
        BackupResult full = site.backup(BackupType.FULL);
        String key = site.cluster().backups().manifestKey(site.record(full));
        byte[] manifest = Files.readAllBytes(site.repositoryDirectory().resolve(key));
        manifest[manifest.length / 2] ^= 1;
        Files.write(site.repositoryDirectory().resolve(key), manifest);

        BackupResult next = site.backup(BackupType.INCREMENTAL);

        assertThat(next.type()).isEqualTo("full");
        assertThat(next.parent()).isNull();
        assertThat(next.fallbackReason())
                .startsWith("backup " + full.label() + " cannot be built on: ")
                .contains("manifest");
        site.assertHolds(next, "big");
    }

    @Test
    void aBackupPastTheForkOfThePromotedServerIsNoParentAndAPromotionBehindTheChoiceIsNoticed() throws IOException {
        BackupResult before = site.backup(BackupType.FULL);
        try (PostgresServer standby = server.createStandby();
                InProcessArchiver other = new InProcessArchiver()) {
            standby.configure(Map.of("archive_command", other.command())).start();
            other.serve(standby.dataDirectory(), new PushTarget("test", true, site::cluster));
            standby.awaitCaughtUp(server);
            assertPromotionBehindTheChoiceIsNoticed(standby);
            server.sql("create table past_the_fork as select generate_series(1, 1000) i");
            BackupResult past = site.backup(BackupType.INCREMENTAL);
            assertThat(past.parent()).isEqualTo(before.label());
            // Past it by its WAL address too, so that only the history speaks against it.
            standby.sql("create table on_the_new_line as select generate_series(1, 100000) i");
            assertThat(Lsn.parse(standby.currentLsn())).isGreaterThan(Lsn.parse(past.stopLsn()));
            assertChosenParentIsRefusedOnTheNewLine(past, standby);

            BackupResult promoted = site.backup(standby, BackupType.INCREMENTAL, SummaryGuide.SAMPLE_ONE_IN);

            assertThat(promoted.parent()).isEqualTo(before.label());
            BackupFacts facts = site.record(promoted).summary().facts();
            assertThat(facts.timeline()).isEqualTo(2);
        }
    }

    private void assertPromotionBehindTheChoiceIsNoticed(PostgresServer standby) {
        int backups = site.cluster().backups().list().size();
        TaskMonitor promoting = new TaskMonitor() {
            @Override
            public void phase(String name, long totalBytes) {
                if (name.equals("checkpoint")) {
                    standby.promote();
                }
            }
        };
        BackupRequest request = new BackupRequest(BackupType.INCREMENTAL, true, false, Map.of());
        assertThatThrownBy(() -> site.runner(standby, 1).run(request, promoting))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED));
        assertThat(site.cluster().backups().list()).hasSize(backups);
        assertThat(site.cluster().holds().list()).isEmpty();
    }

    /** The server was on its old timeline when the parent was chosen, and begins the backup on the new one. */
    private void assertChosenParentIsRefusedOnTheNewLine(BackupResult past, PostgresServer promoted) {
        Incarnation incarnation = site.cluster()
                .incarnationOf(TestRepository.identity(
                        ControlFile.read(server.dataDirectory()).control()));
        WalArchive archive = site.cluster().wal(incarnation);
        try (PostgresConnection connection = PostgresConnection.open(ChainSite.config(server))) {
            ParentFinder finder = new ParentFinder(
                    connection,
                    site.cluster(),
                    incarnation,
                    new ServerLine(server.dataDirectory(), archive),
                    TaskMonitor.SILENT);
            try (ParentBackup parent = ((ParentFinder.Found.Parent) finder.find(BackupType.INCREMENTAL)).backup()) {
                assertThat(parent.label().value()).isEqualTo(past.label());
                ServerLine line = new ServerLine(promoted.dataDirectory(), archive);
                parent.requireOnLine(1, line);
                assertThatThrownBy(() -> parent.requireOnLine(2, line))
                        .isInstanceOfSatisfying(
                                PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED))
                        .hasMessageContaining("which the server's history left at");
                assertThatThrownBy(() -> parent.requireOnLine(7, line)).hasMessageContaining("is not known");
            }
        }
    }
}
