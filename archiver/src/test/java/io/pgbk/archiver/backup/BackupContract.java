package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.archiver.FastTime;
import io.pgbk.archiver.InProcessArchiver;
import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.BackupLabel;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Full backups of a real server, one server for all tests; each takes a backup or is refused one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BackupContract {
    private static final BackupRequest FULL = new BackupRequest(false, false, Map.of("ticket", "42"));
    private static final BackupOrigin ORIGIN = new BackupOrigin("test-host", "0.0.0");

    private final int major;

    private final InProcessArchiver archiver = new InProcessArchiver();
    private PostgresServer server;
    private TestRepository repository;

    @SuppressWarnings("NullAway.Init") // set by start()
    BackupContract(int major) {
        this.major = major;
    }

    @BeforeAll
    void start(@TempDir Path directory) {
        server = archiver.configure(PostgresServer.builder(major)).start();
        repository = TestRepository.of(directory.resolve("repository"), server.dataDirectory());
        archiver.serve(server.dataDirectory(), new PushTarget("test", true, repository::cluster));
        server.sql(
                "create table before_backup as select i, repeat('x', 100) as t from generate_series(1, 20000) i",
                "create unlogged table not_logged as select generate_series(1, 1000) as i",
                "checkpoint");
    }

    @AfterAll
    void stop() {
        archiver.close();
        server.close();
        repository.close();
    }

    private static BackupSettings settings(Duration archiveDeadline) {
        return new BackupSettings(2, 0, true, FastTime.world(archiveDeadline), Duration.ZERO);
    }

    private PostgresConfig config(PostgresServer of) {
        return PostgresConfig.of(of.socketDirectory().toString(), of.port(), of.user(), of.dataDirectory());
    }

    private BackupRunner runner(PostgresServer of, Duration archiveDeadline) {
        return new BackupRunner(config(of), repository.cluster(), settings(archiveDeadline), ORIGIN);
    }

    private BackupResult backup(TaskMonitor monitor) {
        BackupOutcome outcome = runner(server, Duration.ofSeconds(30)).run(FULL, monitor);
        assertThat(outcome).isInstanceOf(BackupOutcome.Taken.class);
        return ((BackupOutcome.Taken) outcome).result();
    }

    private BackupRecord record(BackupResult result) {
        return repository.cluster().backups().list().stream()
                .filter(backup -> backup.label().toString().equals(result.label()))
                .findFirst()
                .orElseThrow();
    }

    private Map<String, FileEntry> manifest(BackupRecord backup, List<String> failures) {
        BackupCatalog catalog = repository.cluster().backups();
        Map<String, FileEntry> entries = new HashMap<>();
        try (ManifestReader reader = openManifest(catalog, backup)) {
            reader.files().forEachRemaining(entry -> entries.put(entry.path().text(), entry));
            reader.pageFailures()
                    .forEachRemaining(failure -> failures.add(failure.path().text() + ":" + failure.block()));
        }
        return entries;
    }

    private ManifestReader openManifest(BackupCatalog catalog, BackupRecord backup) {
        return ManifestReader.open(
                repository.repository().store(),
                repository.repository().keys(),
                catalog.manifestKey(backup),
                backup.summary().manifest().storedBytes());
    }

    private String pathOf(String relation) {
        return server.queryOne("select pg_relation_filepath('" + relation + "')");
    }

    private boolean inBackupMode() {
        if (major < 15) {
            return server.queryOne("select count(*) from pg_stat_activity where query like '%pg_start_backup%' and"
                            + " pid <> pg_backend_pid()")
                    .equals("1");
        }
        return server.queryOne("select count(*) from pg_stat_activity where query like '%pg_backup_start%' and"
                        + " pid <> pg_backend_pid()")
                .equals("1");
    }

    @Test
    void copiesBitIdenticalWhatNobodyWritesWhileOthersWriteAndProvesItsWal() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        Thread writing = Thread.ofPlatform().start(() -> {
            server.sql("create table if not exists busy(i int, t text)");
            while (!done.get()) {
                server.sql("insert into busy select i, md5(i::text) from generate_series(1, 500) i");
            }
        });
        List<String> phases = new CopyOnWriteArrayList<>();
        BackupResult result;
        try {
            result = backup(new TaskMonitor() {
                @Override
                public void phase(String name, long totalBytes) {
                    phases.add(name);
                }
            });
        } finally {
            done.set(true);
            writing.join();
        }

        assertThat(phases)
                .containsExactly("plan", "checkpoint", "archive", "copy", "stop", "manifest", "wal", "commit");
        BackupRecord backup = record(result);
        assertThat(backup.summary().type()).isEqualTo(BackupType.FULL);
        assertThat(backup.annotations()).containsEntry("ticket", "42");
        assertThat(result.pageErrors()).isEmpty();
        assertThat(result.storedBytes())
                .isEqualTo(backup.summary().packs().stream()
                        .mapToLong(pack -> pack.storedBytes())
                        .sum());

        Map<String, FileEntry> entries = manifest(backup, new ArrayList<>());
        assertThat(entries.values().stream().filter(entry -> entry.kind() != FileKind.DIRECTORY))
                .hasSize((int) result.files());
        assertThat(entries.values().stream().mapToLong(FileEntry::size).sum()).isEqualTo(result.databaseBytes());
        for (String untouched : List.of(pathOf("before_backup"), "PG_VERSION", "base/1/PG_VERSION")) {
            assertThat(content(backup, entries.get(untouched)))
                    .as(untouched)
                    .isEqualTo(Files.readAllBytes(server.dataDirectory().resolve(untouched)));
        }
        assertThat(entries).doesNotContainKeys("postmaster.pid", pathOf("not_logged"));
        assertThat(entries).containsKeys(pathOf("not_logged") + "_init", "pg_wal", "pg_notify");

        try (ManifestReader reader = openManifest(repository.cluster().backups(), backup)) {
            assertThat(reader.facts().pageChecksums())
                    .isEqualTo(PageChecksums.verifiedBefore(Lsn.parse(result.startLsn())));
        }
        PgControl control = PgControl.parse(content(backup, entries.get("global/pg_control")));
        assertThat(control.state()).isEqualTo(PgControl.State.IN_PRODUCTION);
        Lsn start = Lsn.parse(result.startLsn());
        Lsn stop = Lsn.parse(result.stopLsn());
        assertThat(control.checkpoint().redoLsn()).isGreaterThanOrEqualTo(start);
        assertThat(repository.wal().missing(TimelineHistory.root(1), start, stop, 10))
                .isEmpty();
        assertThat(inBackupMode()).isFalse();
    }

    private byte[] content(BackupRecord backup, @Nullable FileEntry entry) throws IOException {
        try (ManifestReader reader = openManifest(repository.cluster().backups(), backup)) {
            return StoredContent.read(
                    Objects.requireNonNull(entry),
                    reader.packs(),
                    repository.repository().store(),
                    repository.repository().keys());
        }
    }

    @Test
    void manifestHoldsLabelSettingsConfigurationFilesAndRelationNames() {
        BackupRecord backup = record(backup(TaskMonitor.SILENT));

        try (ManifestReader reader = openManifest(repository.cluster().backups(), backup)) {
            BackupLabel label = BackupLabel.parse(reader.facts().backupLabel().toArray());
            assertThat(label.label()).isEqualTo(backup.label().toString());
            assertThat(label.startLsn()).isEqualTo(backup.summary().startLsn());
            assertThat(reader.facts().settings()).containsEntry("wal_level", "replica");
            assertThat(reader.facts().configurationFiles())
                    .extracting(file -> file.role())
                    .contains("config_file", "hba_file", "ident_file");
            List<String> names = new ArrayList<>();
            reader.relations().forEachRemaining(relation -> names.add(relation.relation()));
            assertThat(names).contains("before_backup", "pg_class");
        }
    }

    @Test
    void pageChecksumThatFailsOnDiskIsReportedWithFileAndBlockAndTheBackupIsStillListed() throws IOException {
        server.sql(
                "create table damaged as select i, repeat('y', 100) as t from generate_series(1, 5000) i",
                "checkpoint");
        Path file = server.dataDirectory().resolve(pathOf("damaged"));
        flip(file, 3 * 8192 + 5000);
        try {
            BackupResult result = backup(TaskMonitor.SILENT);

            assertThat(result.pageErrors()).containsExactly(new PageFailure(pathOf("damaged"), 3));
            BackupRecord backup = record(result);
            assertThat(backup.good()).isFalse();
            List<String> failures = new ArrayList<>();
            manifest(backup, failures);
            assertThat(failures).containsExactly(pathOf("damaged") + ":3");
        } finally {
            flip(file, 3 * 8192 + 5000);
            server.sql("drop table damaged");
        }
    }

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile handle = new RandomAccessFile(file.toFile(), "rw")) {
            handle.seek(position);
            int value = handle.read();
            handle.seek(position);
            handle.write(value ^ 1);
        }
    }

    @Test
    void secondBackupAtTheSameTimeIsRefusedAndNamesTheHolder() {
        List<PgbkException> refused = new CopyOnWriteArrayList<>();
        BackupResult first = backup(new TaskMonitor() {
            @Override
            public void phase(String name, long totalBytes) {
                if (name.equals("checkpoint")) {
                    try {
                        runner(server, Duration.ofSeconds(5)).run(FULL, TaskMonitor.SILENT);
                    } catch (PgbkException e) {
                        refused.add(e);
                    }
                }
            }
        });

        assertThat(refused).singleElement().satisfies(e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.HELD_BY_ANOTHER);
            assertThat(e.getMessage())
                    .contains("process " + ProcessHandle.current().pid());
        });
        assertThat(record(first).label()).hasToString(first.label());
    }

    @Test
    void walThatNeverArrivesFailsTheBackupBeforeCopyingAndNamesSegmentAndArchiveCommand(@TempDir Path other) {
        List<String> phases = new CopyOnWriteArrayList<>();
        try (TestRepository empty = TestRepository.of(other, server.dataDirectory())) {
            BackupRunner runner =
                    new BackupRunner(config(server), empty.cluster(), settings(Duration.ofSeconds(1)), ORIGIN);

            assertThatThrownBy(() -> runner.run(FULL, new TaskMonitor() {
                        @Override
                        public void phase(String name, long totalBytes) {
                            phases.add(name);
                        }
                    }))
                    .isInstanceOfSatisfying(PgbkException.class, e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.ARCHIVING_BROKEN);
                        assertThat(e.getMessage()).containsPattern("WAL segment [0-9A-F]{24} did not arrive");
                        assertThat(Optional.ofNullable(e.hint()))
                                .hasValueSatisfying(hint -> assertThat(hint).contains("archive_command"));
                    });

            assertThat(phases).doesNotContain("copy");
            assertThat(empty.cluster().backups().list()).isEmpty();
            assertThat(empty.keys("clusters/main/packs/")).isEmpty();
        }
        assertThat(inBackupMode()).isFalse();
    }

    @Test
    void aBackupThatIsCancelledLeavesNothingBehindAndTheNextOneWorks() {
        int listed = repository.cluster().backups().list().size();
        assertThatThrownBy(() -> runner(server, Duration.ofSeconds(30)).run(FULL, new TaskMonitor() {
                    private volatile boolean copying;

                    @Override
                    public void phase(String name, long totalBytes) {
                        copying = name.equals("copy");
                    }

                    @Override
                    public void checkCancelled() {
                        if (copying) {
                            throw new PgbkException(ErrorCode.INTERRUPTED, "stopped by the test");
                        }
                    }
                }))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));

        assertThat(inBackupMode()).isFalse();
        assertThat(repository.cluster().backups().list()).hasSize(listed);
        assertThat(repository.cluster().backups().running()).isEmpty();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("pgbk-copy"));
        backup(TaskMonitor.SILENT);
    }

    @Test
    void standbyBackupOfAPrimaryIsRefusedAndOnlyIfPrimaryOnAStandbyDoesNothing() throws Exception {
        assertThatThrownBy(() -> runner(server, Duration.ofSeconds(5))
                        .run(new BackupRequest(true, false, Map.of()), TaskMonitor.SILENT))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED));

        try (PostgresServer standby = server.createStandby()) {
            standby.start();
            assertThat(runner(standby, Duration.ofSeconds(5))
                            .run(new BackupRequest(false, true, Map.of()), TaskMonitor.SILENT))
                    .isInstanceOf(BackupOutcome.NothingToDo.class);
            assertThatThrownBy(() -> runner(standby, Duration.ofSeconds(5)).run(FULL, TaskMonitor.SILENT))
                    .isInstanceOfSatisfying(PgbkException.class, e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED);
                        assertThat(Optional.ofNullable(e.hint()))
                                .hasValueSatisfying(hint -> assertThat(hint).contains("--standby"));
                    });
            copiesFromAStandbyWhileThePrimaryWrites(standby);
            refusesAStandbyThatIsPromotedDuringTheBackup(standby);
        }
    }

    private void copiesFromAStandbyWhileThePrimaryWrites(PostgresServer standby) throws Exception {
        server.sql("create table for_standby as select generate_series(1, 1000) i", "checkpoint");
        server.switchWal();
        server.sql("insert into for_standby values (0)"); // else nothing is written that could be replayed
        standby.awaitCaughtUp(server);
        standby.sql("checkpoint");
        AtomicBoolean done = new AtomicBoolean();
        // An idle primary would never end its last segment.
        Thread switching = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                server.switchWal();
                server.sql("select pg_sleep(0.1)");
            }
        });
        BackupOutcome outcome;
        try {
            outcome = runner(standby, Duration.ofSeconds(30))
                    .run(new BackupRequest(true, false, Map.of()), TaskMonitor.SILENT);
        } finally {
            done.set(true);
            switching.join();
        }
        BackupResult result = ((BackupOutcome.Taken) outcome).result();
        BackupRecord backup = record(result);
        assertThat(backup.summary().facts().fromStandby()).isTrue();
        Map<String, FileEntry> entries = manifest(backup, new ArrayList<>());
        PgControl control = PgControl.parse(content(backup, entries.get("global/pg_control")));
        assertThat(control.state()).isEqualTo(PgControl.State.IN_ARCHIVE_RECOVERY);
        assertThat(control.minRecoveryPoint()).isLessThanOrEqualTo(Lsn.parse(result.stopLsn()));
    }

    private void refusesAStandbyThatIsPromotedDuringTheBackup(PostgresServer standby) {
        int listed = repository.cluster().backups().list().size();
        assertThatThrownBy(() -> runner(standby, Duration.ofSeconds(10))
                        .run(new BackupRequest(true, false, Map.of()), new TaskMonitor() {
                            @Override
                            public void phase(String name, long totalBytes) {
                                if (name.equals("stop")) {
                                    standby.promote();
                                }
                            }
                        }))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED));
        assertThat(repository.cluster().backups().list()).hasSize(listed);
    }

    @Test
    void timeoutsThatAreSetOnTheRoleDoNotEndTheBackup() {
        server.sql("create role limited superuser login");
        server.sql("alter role limited set statement_timeout = '50ms'");
        server.sql("alter role limited set lock_timeout = '1ms'");
        server.sql("alter role limited set idle_in_transaction_session_timeout = '200ms'");
        if (major >= 14) {
            server.sql("alter role limited set idle_session_timeout = '200ms'");
        }
        PostgresConfig limited = PostgresConfig.of(
                server.socketDirectory().toString(), server.port(), "limited", server.dataDirectory());

        BackupOutcome outcome = new BackupRunner(
                        limited, repository.cluster(), settings(Duration.ofSeconds(30)), ORIGIN)
                .run(FULL, new TaskMonitor() {
                    @Override
                    public void phase(String name, long totalBytes) {
                        server.sql("select pg_sleep(0.3)");
                    }
                });

        assertThat(outcome).isInstanceOf(BackupOutcome.Taken.class);
    }

    @Test
    void wrongDataDirectoryIsRefused() throws IOException {
        Path wrong = AsPostgres.temporaryDirectory("wrong-");
        Files.createDirectories(wrong.resolve("global"));
        byte[] control = Files.readAllBytes(server.dataDirectory().resolve("global/pg_control"));
        Files.write(wrong.resolve("global/pg_control"), control);
        PostgresConfig config =
                PostgresConfig.of(server.socketDirectory().toString(), server.port(), server.user(), wrong);

        assertThatThrownBy(() -> new BackupRunner(config, repository.cluster(), settings(Duration.ofSeconds(5)), ORIGIN)
                        .run(FULL, TaskMonitor.SILENT))
                .isInstanceOfSatisfying(
                        PgbkException.class,
                        e -> assertThat(e.code()).isIn(ErrorCode.POSTGRES_UNSUITABLE, ErrorCode.OTHER_CLUSTER));
    }
}
