package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.sample.SampleRepository;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.disk.DiskCall;
import io.pgbk.testkit.disk.DiskCall.Operation;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The disk below the directory of a restore fails at its nth call: full, broken, short writes, failing fsync. PostgreSQL
 * cannot start from what is left, the failure is said, and {@code --delta} completes it. With {@code -Plong} at every
 * call, else at every call that makes something durable or gives a name, and at some of the others.
 */
class RestoreDiskFaultTest {
    private static final boolean LONG = Boolean.getBoolean("pgbk.long");
    private static final Set<Operation> ALWAYS = EnumSet.of(Operation.RENAME, Operation.SYNC_DIRECTORY);
    private static final int OTHERS = 11;

    @TempDir
    Path directory;

    private final FaultyDisk disk = new FaultyDisk();
    private ClusterCatalog cluster;
    private Label label;
    private Path expected = Path.of("");

    @SuppressWarnings("NullAway.Init") // set before each test
    RestoreDiskFaultTest() {}

    @BeforeEach
    void make() throws IOException {
        SampleRepository.make(directory.resolve("repository"), false);
        cluster = SampleRepository.open(directory.resolve("repository"), false);
        label = cluster.backups().list().stream()
                .map(BackupRecord::label)
                .toList()
                .getLast();
        expected = directory.resolve("expected");
        restore(expected, false);
    }

    @AfterEach
    void close() {
        cluster.repository().close();
    }

    private void restore(Path target, boolean delta) {
        RestoreRequest request = new RestoreRequest(
                new RestoreGoal(
                        new RecoveryTarget.Immediate(), new TimelineChoice.Automatic(), Optional.of(label.value())),
                target,
                false,
                List.of(),
                delta,
                new RecoveryRole.Recovery(),
                TargetAction.PROMOTE,
                Optional.empty(),
                "false",
                OptionalInt.empty(),
                1);
        InstantSource clock = cluster.repository().runtime().clock();
        RestorePlan plan = new RestorePreparation(cluster, request, clock, TaskMonitor.SILENT).prepare();
        // File by file, so that the faults reach it: TreeSyncTest shows the other way.
        new RestoreRunner(cluster, clock, change -> {}, new TreeSync("sync", false)).run(plan, TaskMonitor.SILENT);
    }

    static List<DiskFault> faults() {
        return List.of(DiskFault.NO_SPACE, DiskFault.IO_ERROR, DiskFault.SHORT_WRITE);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void hazardDiskFullBrokenOrWithoutFsyncAtAnyCallCannotBeStartedAndDeltaContinues(DiskFault fault)
            throws IOException {
        disk.heal();
        restore(disk.path(directory.resolve("counted")), false);
        List<DiskCall> calls = disk.calls();
        assertThat(calls).extracting(DiskCall::operation).containsAll(ALWAYS).contains(Operation.SYNC_FILE);
        int tried = 0;
        for (DiskCall call : calls) {
            if (LONG || ALWAYS.contains(call.operation()) || call.number() % OTHERS == faults().indexOf(fault)) {
                failAt(call, fault);
                tried++;
            }
        }
        assertThat(tried).isGreaterThan(20);
    }

    private void failAt(DiskCall call, DiskFault fault) throws IOException {
        Path target = directory.resolve("target" + call.number());
        String what = fault + " at " + call;
        disk.failAt(call.number(), fault);
        boolean done = true;
        try {
            restore(disk.path(target), false);
        } catch (PgbkException e) {
            done = false;
            assertThat(e.code())
                    .as(what + ": " + e)
                    .isEqualTo(fault.equals(DiskFault.NO_SPACE) ? ErrorCode.NO_SPACE : ErrorCode.TARGET_UNSUITABLE);
        }
        boolean hit = disk.calls().size() > call.number();
        DiskCall met = hit ? disk.calls().get(call.number()) : call;
        disk.heal();
        assertThat(done).as(what + ", met " + met).isEqualTo(!hit || !(fault instanceof DiskFault.Fail));
        if (!done) {
            boolean shown = Files.exists(target.resolve("global/pg_control"));
            assertThat(shown && !isLastStep(met))
                    .as("could be started after " + what)
                    .isFalse();
            restore(disk.path(target), Files.exists(target));
        }
        assertSame(target, what);
        AsPostgres.deleteTree(target);
    }

    /** What comes behind the rename by which pg_control appears: everything is durable, only its own name is not. */
    private static boolean isLastStep(DiskCall met) {
        return met.operation() == Operation.SYNC_DIRECTORY || met.operation() == Operation.DELETE;
    }

    private void assertSame(Path target, String what) throws IOException {
        assertThat(names(target)).as(what).isEqualTo(names(expected));
        for (String name : names(expected)) {
            Path file = expected.resolve(name);
            if (Files.isRegularFile(file) && !name.equals("backup_manifest")) {
                assertThat(content(target, name)).as(name + " after " + what).isEqualTo(content(expected, name));
            }
        }
    }

    /** Settings name the directory. */
    private static byte[] content(Path root, String name) throws IOException {
        byte[] content = Files.readAllBytes(root.resolve(name));
        return name.endsWith(".conf")
                ? new String(content, StandardCharsets.UTF_8)
                        .replace(root.toString(), "DIRECTORY")
                        .getBytes(StandardCharsets.UTF_8)
                : content;
    }

    private static List<String> names(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.map(path -> root.relativize(path).toString()).sorted().toList();
        }
    }
}
