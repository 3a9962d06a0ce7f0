package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.archiver.backup.BackupOrigin;
import io.pgbk.archiver.backup.BackupOutcome;
import io.pgbk.archiver.backup.BackupRequest;
import io.pgbk.archiver.backup.BackupRunner;
import io.pgbk.archiver.backup.BackupSettings;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.synthesis.SyntheticFull;
import io.pgbk.catalog.repository.synthesis.SyntheticOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import io.pgbk.task.BufferPool;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The smallest pool of large buffers that the configuration allows, and 64 workers wished: everything works with fewer,
 * the pool's limit is never passed, and all comes back whether the work succeeds, fails or is cancelled.
 */
class BufferLimitTest {
    private static final int WORKERS = 64;

    private static RestoreSite site;

    private final BufferPool pool = new BufferPool(32L << 20);
    private ClusterCatalog catalog;
    private final Queue<String> warnings = new ConcurrentLinkedQueue<>();

    @BeforeAll
    static void start() {
        site = new RestoreSite(PostgresServer.builder(17));
        site.server().sql("create table rows as select i, md5(i::text) word from generate_series(1, 300000) i");
    }

    @AfterAll
    static void stop() {
        site.close();
    }

    @BeforeEach
    void open() {
        catalog = RestoreSite.open(RestoreSite.directory(site.catalog()), pool);
    }

    @AfterEach
    void allCameBack() {
        assertThat(pool.reservedBytes()).isZero();
        assertThat(pool.peakBytes()).isBetween(1L, pool.limitBytes());
        catalog.repository().close();
    }

    private final TaskMonitor monitor = new TaskMonitor() {
        @Override
        public void warn(String message) {
            warnings.add(message);
        }
    };

    private String backup(BackupType type, TaskMonitor of) {
        PostgresServer server = site.server();
        PostgresConfig config = PostgresConfig.of(
                server.socketDirectory().toString(), server.port(), server.user(), server.dataDirectory());
        BackupSettings settings = new BackupSettings(WORKERS, 0, true, Duration.ofSeconds(30), Duration.ZERO);
        BackupOutcome outcome = new BackupRunner(config, catalog, settings, new BackupOrigin("test", "test"))
                .run(new BackupRequest(type, false, false, Map.of()), of);
        return ((BackupOutcome.Taken) outcome).result().label();
    }

    private static RestorePlan plan(ClusterCatalog from, String label, Path directory) {
        RestorePlan plan = TestRestore.of(site, from, directory).backup(label).plan();
        return new RestorePlan(
                plan.recovery(),
                plan.label(),
                plan.incarnation(),
                plan.manifestKey(),
                plan.manifestBytes(),
                plan.dataDirectory(),
                plan.reuse(),
                plan.tablespaces(),
                plan.configuration(),
                plan.settings(),
                plan.role(),
                plan.archiving(),
                plan.files(),
                plan.databaseBytes(),
                WORKERS,
                plan.notes());
    }

    @Test
    void backupsVerifySynthesisCopyAndRestoreWorkWithTheSmallestPool() {
        backup(BackupType.FULL, monitor);
        site.server().sql("update rows set word = 'x' where i % 1000 = 0");
        String incremental = backup(BackupType.INCREMENTAL, monitor);
        assertThat(incremental).endsWith("-incr");
        site.archiveEverything();

        VerifyReport report = new VerifyRunner(catalog, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, WORKERS), monitor);
        assertThat(report.findings().stream().filter(Finding::serious)).isEmpty();

        SyntheticOutcome outcome = new SyntheticFull(
                        catalog, new SyntheticFull.Settings(WORKERS, Duration.ZERO, "test", "test"))
                .run(Map.of(), monitor);
        String synthetic = ((SyntheticOutcome.Written) outcome).backup().label().value();

        ClusterCatalog copy = RestoreSite.open(emptyRepository(), pool);
        new RepositoryCopy(catalog, copy).run(new RepositoryCopy.Request(Optional.empty(), WORKERS, false), monitor);

        for (String label : List.of(incremental, synthetic)) {
            Path place = TestRestore.fresh();
            new RestoreRunner(copy, InstantSource.system()).run(plan(copy, label, place), monitor);
            try (PostgresServer restored = TestRestore.of(site, copy, place).server(PostgresServer.builder(17))) {
                restored.start();
                restored.awaitPromoted();
                assertThat(restored.queryOne("select count(*) || ' ' || count(*) filter (where word = 'x') from rows"))
                        .isEqualTo("300000 300");
            }
        }
        copy.repository().close();
        assertThat(warnings)
                .filteredOn(warning -> warning.endsWith("more do not fit"))
                .extracting(warning -> warning.substring(0, warning.indexOf(':')))
                .containsExactlyInAnyOrder("backup", "verify", "synthesis", "copy", "copy-wal", "restore");
    }

    private static Path emptyRepository() {
        Path directory = AsPostgres.temporaryDirectory("copy-");
        RestoreSite.initialise(directory).close();
        return directory;
    }

    /** Cancels as soon as something was done. */
    private static TaskMonitor cancelling() {
        return new TaskMonitor() {
            private volatile boolean copying;

            @Override
            public void advance(long bytes) {
                copying = true;
            }

            @Override
            public void checkCancelled() {
                if (copying) {
                    throw new PgbkException(ErrorCode.INTERRUPTED, "cancelled");
                }
            }
        };
    }

    @Test
    void aVerificationASynthesisOrACopyThatIsCancelledGivesAllBuffersBack() {
        backup(BackupType.FULL, monitor);
        site.server().sql("update rows set word = 'y' where i % 1000 = 0");
        backup(BackupType.INCREMENTAL, monitor);
        site.archiveEverything();
        ClusterCatalog copy = RestoreSite.open(emptyRepository(), pool);
        for (ThrowingCallable work : List.<ThrowingCallable>of(
                () -> new VerifyRunner(catalog, new Random(1))
                        .run(new VerifyRequest(Optional.empty(), 100, WORKERS), cancelling()),
                () -> new SyntheticFull(catalog, new SyntheticFull.Settings(WORKERS, Duration.ZERO, "test", "test"))
                        .run(Map.of(), cancelling()),
                () -> new RepositoryCopy(catalog, copy)
                        .run(new RepositoryCopy.Request(Optional.empty(), WORKERS, false), cancelling()))) {
            assertThatExceptionOfType(PgbkException.class).isThrownBy(work).withMessage("cancelled");
            assertThat(pool.reservedBytes()).isZero();
        }
        copy.repository().close();
    }

    @Test
    void aBackupWhoseStoreFailsGivesAllBuffersBack() throws IOException {
        site.backup();
        Path packs = RestoreSite.directory(site.catalog()).resolve("clusters/main/packs");
        Path elsewhere = Files.move(packs, packs.resolveSibling("elsewhere"));
        // Nothing can be put below a file.
        Files.writeString(packs, "");
        try {
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> backup(BackupType.FULL, monitor))
                    .withMessageContaining("packs");
        } finally {
            Files.delete(packs);
            Files.move(elsewhere, packs);
        }
    }

    @Test
    void aBackupOrARestoreThatIsCancelledGivesAllBuffersBack() {
        String label = site.backup();
        TaskMonitor cancelling = cancelling();
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> backup(BackupType.FULL, cancelling))
                .withMessage("cancelled");
        assertThat(pool.reservedBytes()).isZero();
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> new RestoreRunner(catalog, InstantSource.system())
                        .run(plan(catalog, label, TestRestore.fresh()), cancelling))
                .withMessage("cancelled");
    }

    @Test
    void aRestoreThatFailsGivesAllBuffersBack() throws IOException {
        String label = site.backup();
        RestorePlan plan = plan(catalog, label, TestRestore.fresh());
        ClusterCatalog broken = RestoreSite.open(RestoreSite.directory(site.copy()), pool);
        Path packs = RestoreSite.directory(broken).resolve("clusters/main/packs/" + label);
        try (Stream<Path> files = Files.walk(packs).filter(Files::isRegularFile)) {
            for (Path pack : (Iterable<Path>) files::iterator) {
                byte[] content = Files.readAllBytes(pack);
                content[content.length / 2] ^= 1;
                Files.write(pack, content);
            }
        }
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> new RestoreRunner(broken, InstantSource.system()).run(plan, monitor))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
        broken.repository().close();
    }
}
