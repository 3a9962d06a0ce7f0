package io.pgbk.restore.get;

import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.restore.sample.SampleRepository;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** archive-get in a process of its own, which stands still at a call to the disk and is killed there. */
final class ArchiveGetProcess {
    private static final String HALTED = "halted";

    private ArchiveGetProcess() {}

    static GetResult get(ClusterCatalog cluster, String name, Path dataDirectory) {
        return new ArchiveGet(
                        List.of(new GetSource("primary", () -> cluster)),
                        Duration.ZERO,
                        MonotonicTime.SYSTEM,
                        TaskMonitor.SILENT)
                .get(name, Path.of("pg_wal/RECOVERYXLOG"), dataDirectory);
    }

    /** Starts one from an encrypted sample, and kills it with SIGKILL at its call of this number. */
    static void killAt(Path repository, Path dataDirectory, String name, int call)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ArchiveGetProcess.class.getName(),
                        repository.toString(),
                        dataDirectory.toString(),
                        name,
                        Integer.toString(call))
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        try (var lines = process.inputReader()) {
            StringBuilder said = new StringBuilder();
            String line = lines.readLine();
            while (line != null && !line.equals(HALTED)) {
                said.append(line).append('\n');
                line = lines.readLine();
            }
            if (line == null) {
                throw new IllegalStateException("archive-get ended before it was killed:\n" + said);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** Repository, data directory, name, number of the call at which to stand still. */
    public static void main(String[] arguments) {
        int halt = Integer.parseInt(arguments[3]);
        FaultyDisk disk = new FaultyDisk();
        disk.faults(call -> {
            if (call.number() != halt) {
                return DiskFault.NONE;
            }
            System.out.println(HALTED);
            System.out.flush();
            return new DiskFault.Hang();
        });
        get(SampleRepository.open(Path.of(arguments[0]), true), arguments[2], disk.path(Path.of(arguments[1])));
    }
}
