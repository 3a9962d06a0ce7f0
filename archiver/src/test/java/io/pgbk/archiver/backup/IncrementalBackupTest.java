package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.archiver.ControlFile;
import io.pgbk.archiver.FastTime;
import io.pgbk.archiver.InProcessArchiver;
import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
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
    private static final BackupOrigin ORIGIN = new BackupOrigin("test-host", "0.0.0");

    private final InProcessArchiver archiver = new InProcessArchiver();
    private PostgresServer server;
    private Path repositoryDirectory;
    private TestRepository repository;
    private BackupResult veryFirst;

    @BeforeAll
    void start(@TempDir Path directory) {
        server = archiver.configure(PostgresServer.builder(18).withSetting("autovacuum", "off"))
                .start();
        repositoryDirectory = directory.resolve("repository");
        repository = TestRepository.of(repositoryDirectory, server.dataDirectory());
        archiver.serve(server.dataDirectory(), new PushTarget("test", true, repository::cluster));
        server.sql(
                "create table big as select i, md5(i::text) || repeat('x', 400) as t from generate_series(1, 20000) i",
                "create index on big (i)",
                "vacuum freeze big",
                "checkpoint");
        veryFirst = backup(BackupType.INCREMENTAL);
    }

    @AfterAll
    void stop() {
        archiver.close();
        server.close();
        repository.close();
    }

    private BackupResult backup(BackupType type) {
        return backup(server, type);
    }

    private static PostgresConfig config(PostgresServer of) {
        return PostgresConfig.of(of.socketDirectory().toString(), of.port(), of.user(), of.dataDirectory());
    }

    private BackupRunner runner(PostgresServer of) {
        BackupSettings settings = new BackupSettings(2, 0, true, FastTime.world(Duration.ofSeconds(30)), Duration.ZERO);
        return new BackupRunner(config(of), repository.cluster(), settings, ORIGIN);
    }

    private BackupResult backup(PostgresServer of, BackupType type) {
        BackupOutcome outcome = runner(of).run(new BackupRequest(type, false, false, Map.of()), TaskMonitor.SILENT);
        assertThat(repository.cluster().holds().list()).isEmpty();
        return ((BackupOutcome.Taken) outcome).result();
    }

    private BackupRecord record(BackupResult result) {
        return repository.cluster().backups().require(Label.require(result.label()));
    }

    private String pathOf(String relation) {
        return server.queryOne("select pg_relation_filepath('" + relation + "')");
    }

    /**
     * Reads back every file of a backup, each window checked against the digest of what was read live, and compares the
     * named relations with what the data directory has; proves what the summary says about packs.
     */
    private void assertHolds(BackupResult result, String... relations) throws IOException {
        BackupRecord backup = record(result);
        BackupCatalog catalog = repository.cluster().backups();
        Set<String> wanted = new HashSet<>();
        for (String relation : relations) {
            wanted.add(pathOf(relation));
        }
        try (ManifestReader manifest = ManifestReader.open(
                repository.repository().store(),
                repository.repository().keys(),
                catalog.manifestKey(backup),
                backup.summary().manifest().storedBytes())) {
            Iterator<FileEntry> files = manifest.files();
            while (files.hasNext()) {
                FileEntry entry = files.next();
                if (entry.kind() == FileKind.FILE) {
                    byte[] content = StoredContent.read(
                            entry,
                            manifest.packs(),
                            repository.repository().store(),
                            repository.repository().keys());
                    String path = entry.path().text();
                    if (wanted.remove(path)) {
                        assertThat(content)
                                .as(path)
                                .isEqualTo(Files.readAllBytes(
                                        server.dataDirectory().resolve(path)));
                    }
                }
            }
            assertThat(wanted).isEmpty();
            List<PackUse> uses = backup.summary().packs();
            assertThat(uses).hasSameSizeAs(manifest.packs());
            assertThat(uses).allSatisfy(use -> assertThat(use.usedBytes()).isBetween(1L, use.storedBytes()));
            assertThat(uses.stream()
                            .filter(use -> use.label().equals(backup.label()))
                            .mapToLong(PackUse::storedBytes)
                            .sum())
                    .isEqualTo(result.storedBytes());
            assertThat(manifest.facts().parents().stream().findFirst()).isEqualTo(Optional.ofNullable(result.parent()));
        }
        assertThat(backup.summary().facts().parent().map(Label::value)).isEqualTo(Optional.ofNullable(result.parent()));
    }

    @Test
    void aChainHoldsTheWholeClusterAndStoresWhatChanged() throws IOException {
        BackupResult full = backup(BackupType.FULL);
        server.sql("update big set t = 'changed' where i between 5000 and 5040", "checkpoint");

        BackupResult differential = backup(BackupType.DIFFERENTIAL);
        assertThat(differential.parent()).isEqualTo(full.label());
        assertThat(differential.label()).endsWith("-diff");
        assertThat(differential.type()).isEqualTo("differential");
        assertThat(differential.storedBytes()).isLessThan(full.storedBytes() / 3);
        assertHolds(differential, "big", "big_i_idx");

        server.sql(
                "create table later as select generate_series(1, 3000) i",
                "delete from big where i > 18000",
                "vacuum (truncate) big",
                "drop index big_i_idx",
                "checkpoint");
        BackupResult incremental = backup(BackupType.INCREMENTAL);
        assertThat(incremental.parent()).isEqualTo(differential.label());
        assertThat(incremental.type()).isEqualTo("incremental");
        assertHolds(incremental, "big", "later");

        BackupResult idle = backup(BackupType.INCREMENTAL);
        assertThat(idle.parent()).isEqualTo(incremental.label());
        assertThat(idle.storedBytes()).isLessThan(full.storedBytes() / 20);
        assertThat(idle.files()).isGreaterThan(900);
        assertHolds(idle, "big", "later");
        assertThat(record(idle).summary().packs())
                .extracting(use -> use.label().value())
                .contains(full.label(), idle.label());

        BackupResult other = backup(BackupType.DIFFERENTIAL);
        assertThat(other.parent()).isEqualTo(full.label());
        assertHolds(other, "big", "later");
    }

    @Test
    void withoutAParentAFullIsTakenAndSaysWhy() {
        assertThat(veryFirst.type()).isEqualTo("full");
        assertThat(veryFirst.label()).endsWith("-full");
        assertThat(veryFirst.parent()).isNull();
        assertThat(veryFirst.fallbackReason()).isEqualTo("there is no backup yet");
        assertThat(record(veryFirst).summary().facts().fallbackReason()).contains("there is no backup yet");
    }

    @Test
    void whatABackupWithABadVerdictStoredIsStoredAnewAndLostPacksAreToo() throws IOException {
        BackupResult full = backup(BackupType.FULL);
        server.sql("create table second as select i, repeat('y', 500) t from generate_series(1, 5000) i", "checkpoint");
        BackupResult first = backup(BackupType.INCREMENTAL);
        repository
                .cluster()
                .backups()
                .recordVerify(
                        Label.require(full.label()),
                        new BackupEvent.VerifyVerdict(
                                BackupEvent.Verdict.DAMAGED, 100, 1, 1, Optional.of("a test says so")));

        BackupResult second = backup(BackupType.INCREMENTAL);

        assertThat(second.parent()).isEqualTo(first.label());
        assertHolds(second, "big", "second");
        assertThat(record(second).summary().packs())
                .extracting(use -> use.label().value())
                .doesNotContain(full.label())
                .contains(first.label());

        for (String key : repository.keys("clusters/")) {
            if (key.contains("/packs/" + first.label() + "/")) {
                repository.repository().store().delete(List.of(key));
            }
        }
        BackupResult third = backup(BackupType.INCREMENTAL);
        assertThat(third.parent()).isEqualTo(second.label());
        assertHolds(third, "big", "second");
        assertThat(record(third).summary().packs())
                .extracting(use -> use.label().value())
                .doesNotContain(first.label());
    }

    @Test
    void aVerdictThatNamesSinglePacksStoresJustWhatLiesInThemAnew() throws IOException {
        BackupResult full = backup(BackupType.FULL);
        BackupResult first = backup(BackupType.INCREMENTAL);
        Label label = Label.require(full.label());
        List<PackUse> stored = record(full).summary().packs();
        assertThat(stored).hasSizeGreaterThan(1);
        PackUse damaged = stored.getFirst();
        repository
                .cluster()
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

        BackupResult second = backup(BackupType.INCREMENTAL);

        assertThat(second.parent()).isEqualTo(first.label());
        assertHolds(second, "big");
        List<PackUse> used = record(second).summary().packs().stream()
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
        BackupResult full = backup(BackupType.FULL);
        String key = repository.cluster().backups().manifestKey(record(full));
        byte[] manifest = Files.readAllBytes(repositoryDirectory.resolve(key));
        manifest[manifest.length / 2] ^= 1;
        Files.write(repositoryDirectory.resolve(key), manifest);

        BackupResult next = backup(BackupType.INCREMENTAL);

        assertThat(next.type()).isEqualTo("full");
        assertThat(next.parent()).isNull();
        assertThat(next.fallbackReason())
                .startsWith("backup " + full.label() + " cannot be built on: ")
                .contains("manifest");
        assertHolds(next, "big");
    }

    @Test
    void aBackupPastTheForkOfThePromotedServerIsNoParentAndAPromotionBehindTheChoiceIsNoticed() throws IOException {
        BackupResult before = backup(BackupType.FULL);
        try (PostgresServer standby = server.createStandby();
                InProcessArchiver other = new InProcessArchiver()) {
            standby.configure(Map.of("archive_command", other.command())).start();
            other.serve(standby.dataDirectory(), new PushTarget("test", true, repository::cluster));
            standby.awaitCaughtUp(server);
            assertPromotionBehindTheChoiceIsNoticed(standby);
            server.sql("create table past_the_fork as select generate_series(1, 1000) i");
            BackupResult past = backup(BackupType.INCREMENTAL);
            assertThat(past.parent()).isEqualTo(before.label());
            // Past it by its WAL address too, so that only the history speaks against it.
            standby.sql("create table on_the_new_line as select generate_series(1, 100000) i");
            assertThat(Lsn.parse(standby.currentLsn())).isGreaterThan(Lsn.parse(past.stopLsn()));
            assertChosenParentIsRefusedOnTheNewLine(past, standby);

            BackupResult promoted = backup(standby, BackupType.INCREMENTAL);

            assertThat(promoted.parent()).isEqualTo(before.label());
            BackupFacts facts = record(promoted).summary().facts();
            assertThat(facts.timeline()).isEqualTo(2);
        }
    }

    private void assertPromotionBehindTheChoiceIsNoticed(PostgresServer standby) {
        int backups = repository.cluster().backups().list().size();
        TaskMonitor promoting = new TaskMonitor() {
            @Override
            public void phase(String name, long totalBytes) {
                if (name.equals("checkpoint")) {
                    standby.promote();
                }
            }
        };
        BackupRequest request = new BackupRequest(BackupType.INCREMENTAL, true, false, Map.of());
        assertThatThrownBy(() -> runner(standby).run(request, promoting))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED));
        assertThat(repository.cluster().backups().list()).hasSize(backups);
        assertThat(repository.cluster().holds().list()).isEmpty();
    }

    /** The server was on its old timeline when the parent was chosen, and begins the backup on the new one. */
    private void assertChosenParentIsRefusedOnTheNewLine(BackupResult past, PostgresServer promoted) {
        Incarnation incarnation = repository
                .cluster()
                .incarnationOf(TestRepository.identity(
                        ControlFile.read(server.dataDirectory()).control()));
        WalArchive archive = repository.cluster().wal(incarnation);
        try (PostgresConnection connection = PostgresConnection.open(config(server))) {
            ParentFinder finder = new ParentFinder(
                    connection,
                    repository.cluster(),
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
