package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.testkit.disk.DiskCall;
import io.pgbk.testkit.disk.DiskCall.Operation;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restore is durable before PostgreSQL can start from it, or it fails. */
class TreeSyncTest {
    @TempDir
    Path directory;

    private Path root = Path.of("");
    private final FaultyDisk disk = new FaultyDisk();

    @BeforeEach
    void make() throws IOException {
        root = directory.resolve("root");
        Files.createDirectories(root.resolve("a/b"));
        Files.writeString(root.resolve("a/b/file"), "x");
        Files.createSymbolicLink(root.resolve("a/link"), Path.of("/nonexistent"));
    }

    private String program(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("sync-program"), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file.toString();
    }

    private List<Path> synced() {
        return disk.calls().stream()
                .filter(call -> call.operation() == Operation.SYNC_FILE || call.operation() == Operation.SYNC_DIRECTORY)
                .map(DiskCall::path)
                .toList();
    }

    private List<Path> everything() {
        return List.of(root.resolve("a/b/file"), root.resolve("a/b"), root.resolve("a"), root, directory);
    }

    @Test
    void hazardSyncThatReportsAnErrorFailsAndIsNotTriedAgainFileByFile() throws IOException {
        String broken = program("echo \"sync: error syncing '$2': Input/output error\" >&2; exit 1");

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new TreeSync(broken, true).sync(disk.path(root)))
                .withMessageContaining("Input/output error");
        assertThat(synced()).isEmpty();
        String silent = program("exit 3");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new TreeSync(silent, true).sync(disk.path(root)))
                .withMessageContaining("status 3");
    }

    @Test
    void oneSyncfsIsEnoughWhereItReportsErrors() throws IOException {
        new TreeSync(program("[ \"$1\" = -f ] && [ -d \"$2\" ]"), true).sync(disk.path(root));

        assertThat(synced()).isEmpty();
    }

    @Test
    void withoutSuchAProgramOrAKernelThatReportsErrorsEveryFileAndDirectoryIsSynced() throws IOException {
        String old = program("echo \"sync: unrecognized option: f\" >&2; exit 1");
        for (TreeSync way : List.of(
                new TreeSync(old, true), new TreeSync("/nonexistent/sync", true), new TreeSync("sync", false))) {
            disk.heal();
            way.sync(disk.path(root));

            assertThat(synced()).isEqualTo(everything());
        }
    }

    @Test
    void hazardFsyncThatFailsForAnyFileOrDirectoryIsAFailure() {
        for (Path path : everything()) {
            disk.faults(
                    call -> call.path().equals(path) && call.operation().name().startsWith("SYNC")
                            ? DiskFault.IO_ERROR
                            : DiskFault.NONE);

            assertThatExceptionOfType(IOException.class)
                    .as(path.toString())
                    .isThrownBy(() -> new TreeSync("sync", false).sync(disk.path(root)));
        }
    }

    @Test
    void kernelsBefore5Dot8DoNotReportErrorsBySyncfs() {
        assertThat(TreeSync.syncfsReports("Linux", "4.18.0-553.el8_10.x86_64")).isFalse();
        assertThat(TreeSync.syncfsReports("Linux", "5.7.19")).isFalse();
        assertThat(TreeSync.syncfsReports("Linux", "5.8.0")).isTrue();
        assertThat(TreeSync.syncfsReports("Linux", "6.1.0-28-amd64")).isTrue();
        assertThat(TreeSync.syncfsReports("Linux", "10.0-rc1")).isTrue();
        assertThat(TreeSync.syncfsReports("Linux", "")).isFalse();
        assertThat(TreeSync.syncfsReports("FreeBSD", "14.1")).isFalse();
    }

    @Test
    void thisSystemSyncsADirectory() throws IOException {
        TreeSync.ofThisSystem().sync(root);
        assertThat(root.resolve("a/b/file")).hasContent("x");
    }
}
