package io.pgbk.restore.get;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.sample.SampleRepository;
import io.pgbk.testkit.disk.DiskCall;
import io.pgbk.testkit.disk.DiskCall.Operation;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The disk to which archive-get delivers fails, or the process is killed there: never half a file under %p's name. */
class ArchiveGetDiskFaultTest {
    private static final String SEGMENT = "000000010000000000000002";

    @TempDir
    Path directory;

    private final FaultyDisk disk = new FaultyDisk();
    private ClusterCatalog cluster;
    private Path data = Path.of("");
    private Path wal = Path.of("");
    private byte[] content = new byte[0];

    @SuppressWarnings("NullAway.Init") // set before each test
    ArchiveGetDiskFaultTest() {}

    @BeforeEach
    void make() throws IOException {
        SampleRepository.make(directory.resolve("repository"), true);
        cluster = SampleRepository.open(directory.resolve("repository"), true);
        data = directory.resolve("data");
        wal = Files.createDirectories(data.resolve("pg_wal"));
        Files.writeString(data.resolve("PG_VERSION"), "15\n");
        get(data);
        content = Files.readAllBytes(wal.resolve("RECOVERYXLOG"));
        Files.delete(wal.resolve("RECOVERYXLOG"));
    }

    @AfterEach
    void close() {
        cluster.repository().close();
    }

    private void get(Path from) {
        assertThat(ArchiveGetProcess.get(cluster, SEGMENT, from)).isInstanceOf(GetResult.Delivered.class);
    }

    private List<DiskCall> calls() throws IOException {
        disk.heal();
        get(disk.path(data));
        Files.delete(wal.resolve("RECOVERYXLOG"));
        return disk.calls();
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(wal)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    static List<DiskFault> faults() {
        return List.of(DiskFault.NO_SPACE, DiskFault.IO_ERROR, DiskFault.SHORT_WRITE);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void hazardDiskFullBrokenOrWithoutFsyncAtAnyCallIsAFailureAndLeavesNothingHalf(DiskFault fault) throws IOException {
        for (DiskCall call : calls()) {
            String what = fault + " at " + call;
            disk.failAt(call.number(), fault);
            boolean fails = fault instanceof DiskFault.Fail;
            if (fails) {
                assertThatExceptionOfType(PgbkException.class)
                        .as(what)
                        .isThrownBy(() -> get(disk.path(data)))
                        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.TARGET_UNSUITABLE));
            } else {
                get(disk.path(data));
            }
            boolean named = call.operation() == Operation.SYNC_DIRECTORY || !fails;
            assertThat(names()).as(what).isEqualTo(named ? List.of("RECOVERYXLOG") : List.of());
            if (named) {
                assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(content);
                Files.delete(wal.resolve("RECOVERYXLOG"));
            }
        }
        disk.heal();
        get(disk.path(data));
        assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(content);
    }

    @Test
    void destinationIsDurableBeforeItHasItsNameAndItsNameBeforeItIsDelivered() throws IOException {
        List<Operation> order = calls().stream()
                .map(DiskCall::operation)
                .filter(EnumSet.of(Operation.SYNC_FILE, Operation.RENAME, Operation.SYNC_DIRECTORY)::contains)
                .toList();

        assertThat(order).containsExactly(Operation.SYNC_FILE, Operation.RENAME, Operation.SYNC_DIRECTORY);
        assertThat(calls().getLast().operation()).isEqualTo(Operation.SYNC_DIRECTORY);
    }

    @ParameterizedTest
    @EnumSource(names = {"WRITE", "SYNC_FILE", "RENAME", "SYNC_DIRECTORY"})
    void killedWithSigkillItLeavesNothingHalfUnderTheNameThatPostgresqlReads(Operation operation) throws Exception {
        DiskCall last = calls().stream()
                .filter(call -> call.operation() == operation)
                .toList()
                .getLast();

        ArchiveGetProcess.killAt(directory.resolve("repository"), data, SEGMENT, last.number());

        if (operation == Operation.SYNC_DIRECTORY) {
            assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(content);
        } else {
            assertThat(names()).hasSize(1).allMatch(name -> name.startsWith(".pgbk-get-RECOVERYXLOG-"));
        }
        get(data);
        assertThat(names()).containsExactly("RECOVERYXLOG");
        assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(content);
    }
}
