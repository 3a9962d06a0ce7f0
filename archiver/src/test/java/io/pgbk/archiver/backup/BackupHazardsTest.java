package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.archiver.FastTime;
import io.pgbk.archiver.InProcessArchiver;
import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Backups that are killed, throttled, started by wrong clocks or kept from their WAL, on one PostgreSQL 17. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BackupHazardsTest {
    private static final int MAJOR = 17;
    private static final BackupRequest FULL = new BackupRequest(false, false, Map.of());
    private static final BackupOrigin ORIGIN = new BackupOrigin("test-host", "0.0.0");

    private final InProcessArchiver archiver = new InProcessArchiver();
    private PostgresServer server;
    private TestRepository repository;

    @SuppressWarnings("NullAway.Init") // set by start()
    BackupHazardsTest() {}

    @BeforeAll
    void start() {
        server = archiver.configure(PostgresServer.builder(MAJOR)).start();
        Path place = AsPostgres.temporaryDirectory("repository-");
        repository = TestRepository.of(place, server.dataDirectory());
        archiver.serve(server.dataDirectory(), new PushTarget("test", true, repository::cluster));
        server.sql("create table t as select i, repeat('x', 100) as t from generate_series(1, 50000) i", "checkpoint");
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

    private static PostgresConfig config(PostgresServer of) {
        return PostgresConfig.of(of.socketDirectory().toString(), of.port(), of.user(), of.dataDirectory());
    }

    private BackupResult backup(ClusterCatalog cluster, BackupSettings settings) {
        BackupOutcome outcome =
                new BackupRunner(config(server), cluster, settings, ORIGIN).run(FULL, TaskMonitor.SILENT);
        return ((BackupOutcome.Taken) outcome).result();
    }

    private List<String> listed() {
        return repository.cluster().backups().list().stream()
                .map(BackupRecord::label)
                .map(label -> label.value())
                .toList();
    }

    private static void assertRefused(
            BackupRunner runner, BackupRequest request, ErrorCode code, List<String> messages, List<String> hints) {
        List<String> phases = new CopyOnWriteArrayList<>();
        assertThatThrownBy(() -> runner.run(request, new TaskMonitor() {
                    @Override
                    public void phase(String name, long totalBytes) {
                        phases.add(name);
                    }

                    @Override
                    public void warn(String message) {
                        phases.add("warning: " + message);
                    }
                }))
                .isInstanceOfSatisfying(PgbkException.class, e -> {
                    assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
                    assertThat(e.getMessage() + phases).contains(messages);
                    assertThat(String.valueOf(e.hint()) + phases).contains(hints);
                });
        assertThat(phases).doesNotContain("copy");
    }

    // ---- found before copying

    @Test
    void walLevelMinimalArchiveModeOffAndAForeignArchiveCommandAreFoundBeforeCopyingWithAHintEach() {
        try (PostgresServer other = PostgresServer.builder(MAJOR)
                        .withSetting("wal_level", "minimal")
                        .withSetting("max_wal_senders", "0")
                        .withSetting("archive_mode", "off")
                        .start();
                TestRepository others =
                        TestRepository.of(AsPostgres.temporaryDirectory("repository-"), other.dataDirectory())) {
            BackupRunner runner =
                    new BackupRunner(config(other), others.cluster(), settings(Duration.ofSeconds(1)), ORIGIN);
            assertRefused(
                    runner,
                    FULL,
                    ErrorCode.ARCHIVING_BROKEN,
                    List.of("archive_mode is off", "wal_level is minimal"),
                    List.of("Set archive_mode = on", "Set wal_level = replica"));

            other.configure(Map.of("wal_level", "replica", "archive_mode", "on"));
            other.restart();
            assertRefused(
                    runner,
                    FULL,
                    ErrorCode.ARCHIVING_BROKEN,
                    List.of("archive_command is not set"),
                    List.of("archive_command = 'pgbk archive-push %p'"));

            other.configure(Map.of("archive_command", "cp %p /dev/null"));
            other.reload();
            assertRefused(
                    runner,
                    FULL,
                    ErrorCode.ARCHIVING_BROKEN,
                    List.of("archive_command does not call pgbk archive-push", "did not arrive in the repository"),
                    List.of("Check archive_command"));
            assertThat(others.cluster().backups().list()).isEmpty();
        }
    }

    @Test
    void aStandbyWhosePrimaryIsGoneIsFoundBeforeCopyingWithAHint() {
        try (PostgresServer standby = server.createStandby()) {
            standby.start();
            standby.await("select count(*) = 1 from pg_stat_wal_receiver where status = 'streaming'");
            server.sql("create table if not exists last_words (x int)", "insert into last_words values (1)");
            standby.awaitCaughtUp(server);
            standby.sql("alter system set primary_conninfo = 'host=/nowhere'");
            standby.reload();
            standby.await("select count(*) = 0 from pg_stat_wal_receiver where status = 'streaming'");
            assertRefused(
                    new BackupRunner(config(standby), repository.cluster(), settings(Duration.ofSeconds(1)), ORIGIN),
                    new BackupRequest(true, false, Map.of()),
                    ErrorCode.ARCHIVING_BROKEN,
                    List.of("did not arrive in the repository"),
                    List.of("streams from no primary", "primary_conninfo"));
        }
    }

    // ---- killed

    @Test
    void killedWithSigkillAtRandomMomentsNothingPartialIsListedPostgresqlLeavesBackupModeAndTheNextBackupWorks()
            throws Exception {
        Random random = new Random(Long.getLong("pgbk.seed", 20_261_121));
        List<String> before = listed();
        for (String phase : List.of("archive", "copy", "copy", "manifest")) {
            // No phase but the last one ends with the commit, and it begins only after the WAL has arrived.
            BackupProcess.killIn(phase, Duration.ofMillis(random.nextInt(40)), repository, server);
            Deadline.within(Duration.ofSeconds(30))
                    .await(
                            "the server leaves backup mode",
                            () -> server.queryOne("select count(*) from pg_stat_activity where pid <> pg_backend_pid()"
                                            + " and query like '%pg_backup_%'")
                                    .equals("0"));
        }
        List<String> after = listed();
        assertThat(after.size() - before.size())
                .as("only the last could have committed")
                .isBetween(0, 1);
        assertThat(repository.cluster().backups().running()).hasSizeGreaterThanOrEqualTo(3);

        ClusterCatalog cluster = repository.openAgain(InstantSource.system(), BackupProcess.HASTY, "the next");
        String next = backup(cluster, BackupProcess.settings()).label();
        assertThat(listed()).hasSize(after.size() + 1).contains(next);
        cluster.repository().close();

        assertThat(repository.cluster().backups().purge())
                .as("they may still live")
                .isEmpty();
        ClusterCatalog later = repository.openLater(Duration.ofDays(3));
        assertThat(later.backups().purge()).hasSizeGreaterThanOrEqualTo(3);
        assertThat(later.backups().running()).isEmpty();
        later.repository().close();
        assertThat(listed()).hasSize(after.size() + 1).contains(next);
        List<String> labels = listed();
        assertThat(repository.keys("clusters/main/packs/"))
                .isNotEmpty()
                .allMatch(key -> labels.contains(key.split("/", -1)[3]));
    }

    // ---- two at once

    @Test
    void aSecondBackupFromAnotherHostAtTheSameTimeIsRefusedAndNamesTheHolder() {
        ClusterCatalog first = repository.openAgain(InstantSource.system(), new FastTime(), "host one, process 1");
        ClusterCatalog second = repository.openAgain(InstantSource.system(), new FastTime(), "host two, process 1");
        List<PgbkException> refused = new CopyOnWriteArrayList<>();
        new BackupRunner(config(server), first, settings(Duration.ofSeconds(30)), ORIGIN).run(FULL, new TaskMonitor() {
            @Override
            public void phase(String name, long totalBytes) {
                if (name.equals("checkpoint")) {
                    try {
                        backup(second, settings(Duration.ofSeconds(5)));
                    } catch (PgbkException e) {
                        refused.add(e);
                    }
                }
            }
        });
        assertThat(refused).singleElement().satisfies(e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.HELD_BY_ANOTHER);
            assertThat(e.getMessage()).contains("host one, process 1");
        });
        first.repository().close();
        second.repository().close();
    }

    // ---- clocks

    @Test
    void twoBackupsInOneSecondAndAClockSetBackKeepLabelsUniqueAndBackupsInOrder() {
        Instant now = InstantSource.system().instant();
        List<String> before = listed();
        List<String> labels = new ArrayList<>();
        for (Instant said : List.of(now, now, now.minus(Duration.ofDays(1)))) {
            ClusterCatalog cluster = repository.openAgain(() -> said, new FastTime(), "a host");
            labels.add(backup(cluster, settings(Duration.ofSeconds(30))).label());
            cluster.repository().close();
        }
        assertThat(labels).doesNotHaveDuplicates();
        assertThat(labels.get(0).substring(0, 16)).isEqualTo(labels.get(1).substring(0, 16));
        assertThat(labels.get(2)).isLessThan(labels.get(0));
        assertThat(listed().subList(before.size(), before.size() + 3))
                .as("in the order of their WAL")
                .isEqualTo(labels);
    }

    // ---- limits

    @Test
    void aRateLimitHoldsForAllThreadsTogether() {
        long limit = 20_000_000;
        BackupSettings limited =
                new BackupSettings(4, limit, true, FastTime.world(Duration.ofSeconds(30)), Duration.ZERO);
        BackupResult result = backup(repository.cluster(), limited);
        // A tenth of a second may be taken in advance.
        assertThat(result.seconds()).isGreaterThan((double) result.readBytes() / limit - 0.2);
    }
}
