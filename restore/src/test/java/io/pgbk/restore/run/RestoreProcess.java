package io.pgbk.restore.run;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** A restore in a process of its own, which a test kills while it works. */
final class RestoreProcess {
    private static final String HALTED = "halted";

    private RestoreProcess() {}

    /** Starts one that stands still at a change of the file system, and kills it there; other threads may be anywhere. */
    static void killAt(Path repository, Path directory, String restoreCommand, boolean delta, int change)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-Dsun.jnu.encoding=ISO-8859-1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RestoreProcess.class.getName(),
                        repository.toString(),
                        directory.toString(),
                        restoreCommand,
                        Boolean.toString(delta),
                        Integer.toString(change))
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
                throw new IllegalStateException("the restore ended before it was killed:\n" + said);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** Repository, directory, restore_command, whether to continue, number of the change at which to stand still. */
    public static void main(String[] arguments) {
        ClusterCatalog catalog = RestoreSite.open(Path.of(arguments[0]));
        RestoreRequest request = new RestoreRequest(
                new RestoreGoal(new RecoveryTarget.Latest(), new TimelineChoice.Automatic(), Optional.empty()),
                Path.of(arguments[1]),
                false,
                List.of(),
                Boolean.parseBoolean(arguments[3]),
                new RecoveryRole.Recovery(),
                TargetAction.PROMOTE,
                Optional.empty(),
                arguments[2],
                OptionalInt.empty(),
                2);
        InstantSource clock = InstantSource.system();
        RestorePlan plan = new RestorePreparation(catalog, request, clock, TaskMonitor.SILENT).prepare();
        AtomicInteger left = new AtomicInteger(Integer.parseInt(arguments[4]));
        new RestoreRunner(catalog, clock, change -> {
                    if (left.decrementAndGet() == 0) {
                        System.out.println(HALTED);
                        System.out.flush();
                        while (true) {
                            LockSupport.park();
                        }
                    }
                })
                .run(plan, TaskMonitor.SILENT);
    }
}
