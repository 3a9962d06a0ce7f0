package io.pgbk.archiver.backup;

import io.pgbk.archiver.TestRepository;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Map;

/** A backup in a process of its own, which a test kills while it works. */
final class BackupProcess {
    /** So that the lease of a predecessor that was killed runs out in less than a second. */
    static final MonotonicTime HASTY = new MonotonicTime() {
        private static final int FACTOR = 150;

        @Override
        public long nanoTime() {
            return System.nanoTime() * FACTOR;
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
            Thread.sleep(time.dividedBy(FACTOR));
        }
    };

    private BackupProcess() {}

    /** Starts one and kills it so long after it began a phase (or when it ended before). */
    static void killIn(String phase, Duration after, TestRepository repository, PostgresServer server)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Dsun.jnu.encoding=ISO-8859-1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BackupProcess.class.getName(),
                        repository.directory().toString(),
                        HexFormat.of().formatHex(repository.key()),
                        server.socketDirectory().toString(),
                        Integer.toString(server.port()),
                        server.user(),
                        server.dataDirectory().toString())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        try (var lines = process.inputReader()) {
            StringBuilder said = new StringBuilder();
            String line = lines.readLine();
            while (line != null && !line.equals("phase " + phase)) {
                said.append(line).append('\n');
                line = lines.readLine();
            }
            if (line == null) {
                throw new IllegalStateException("the backup ended before phase " + phase + ":\n" + said);
            }
            process.waitFor(after.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    static BackupSettings settings() {
        Duration patience = Duration.ofHours(2);
        return new BackupSettings(2, 0, true, patience, patience);
    }

    /** Repository, its key, socket directory, port, user, data directory. */
    public static void main(String[] arguments) {
        try (TestRepository repository =
                TestRepository.existing(Path.of(arguments[0]), HexFormat.of().parseHex(arguments[1]))) {
            ClusterCatalog cluster = repository.openAgain(
                    InstantSource.system(),
                    HASTY,
                    "victim " + ProcessHandle.current().pid());
            PostgresConfig config = PostgresConfig.of(
                    arguments[2], Integer.parseInt(arguments[3]), arguments[4], Path.of(arguments[5]));
            new BackupRunner(config, cluster, settings(), new BackupOrigin("victim", "0"))
                    .run(new BackupRequest(false, false, Map.of()), new TaskMonitor() {
                        @Override
                        public void phase(String name, long totalBytes) {
                            System.out.println("phase " + name);
                            System.out.flush();
                        }
                    });
        }
    }
}
