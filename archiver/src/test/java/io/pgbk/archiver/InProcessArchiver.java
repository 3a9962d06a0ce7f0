package io.pgbk.archiver;

import io.pgbk.archiver.push.PushRequest;
import io.pgbk.archiver.push.PushRunner;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Answers a server's archive_command from within the test's JVM: the command waits for a marker, a thread pushes every
 * segment that the server wants archived and writes the marker. So tests need no launcher, and PostgreSQL's own archiver
 * still decides what is archived and when.
 */
public final class InProcessArchiver implements AutoCloseable {
    private final Path markers = AsPostgres.temporaryDirectory("markers-");
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Thread thread = Thread.ofPlatform().name("test-archiver").unstarted(this::run);
    private volatile Path dataDirectory = markers;
    private volatile List<PushTarget> targets = List.of();

    /** The same server with an archive_command that waits up to ten seconds for this archiver. */
    public PostgresServerOptions configure(PostgresServerOptions server) {
        return server.withArchiveCommand(command());
    }

    /** The archive_command of the server that this archiver serves. */
    public String command() {
        return "i=0; while [ ! -e " + markers + "/%f ]; do i=$((i+1));"
                + " [ $i -gt 500 ] && exit 1; sleep 0.02; done # archive-push";
    }

    /** Begins to push what the server wants archived. */
    public void serve(Path data, PushTarget... wanted) {
        dataDirectory = data;
        targets = List.of(wanted);
        thread.start();
    }

    private void run() {
        PushRunner runner = new PushRunner(targets, Duration.ofSeconds(30), System::nanoTime);
        Path wal = dataDirectory.resolve("pg_wal");
        while (!stopped.get()) {
            try (DirectoryStream<Path> ready = Files.newDirectoryStream(wal.resolve("archive_status"), "*.ready")) {
                for (Path status : ready) {
                    String text = status.getFileName().toString();
                    String name = text.substring(0, text.length() - ".ready".length());
                    Path marker = markers.resolve(name);
                    if (!Files.exists(marker)) {
                        runner.push(new PushRequest("pg_wal/" + name, dataDirectory, null), TaskMonitor.SILENT);
                        Files.createFile(marker);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    /** Ends before the server does. */
    @Override
    public void close() {
        stopped.set(true);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
