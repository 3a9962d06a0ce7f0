package io.pgbk.integration.chains;

import io.pgbk.integration.faults.Pgbk;
import io.pgbk.testkit.AsPostgres;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the hooks of servers in this JVM: archive_command and restore_command are a small shell script that leaves a
 * request and waits for the exit code, so that no call costs the start of a JVM.
 */
final class HookChannel implements AutoCloseable {
    private static final int FAILED_GET = 255;
    private static final long POLL_NANOS = 10_000_000;

    private final Path configuration;
    private final Path requests = AsPostgres.temporaryDirectory("hooks-");
    private final Path script = requests.resolve("hook");
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Thread thread = Thread.ofPlatform().name("test-hooks").unstarted(this::serve);

    HookChannel(Path configuration) {
        this.configuration = configuration;
        AsPostgres.write(script, """
            # usage: hook WORD FIRST [SECOND]      in a data directory
            request=%s/$$
            rm -f "$request.answer"
            mkfifo -m 666 "$request.answer"
            # Open before anybody can answer.
            exec 3<>"$request.answer"
            printf '%%s\\n' "$PWD" "$@" > "$request.part"
            mv "$request.part" "$request.request"
            read -r status <&3
            rm -f "$request.answer"
            exit "$status"
            """.formatted(requests));
        thread.start();
    }

    String archiveCommand() {
        return "sh " + script + " archive-push %p";
    }

    String restoreCommand() {
        return "sh " + script + " archive-get %f %p";
    }

    private void serve() {
        while (!stopped.get()) {
            try (DirectoryStream<Path> waiting = Files.newDirectoryStream(requests, "*.request")) {
                for (Path request : waiting) {
                    answer(request);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private void answer(Path request) throws IOException {
        List<String> lines = Files.readAllLines(request);
        Files.delete(request);
        Path data = Path.of(lines.getFirst());
        List<String> words = lines.subList(1, lines.size());
        Pgbk.Ended ended = Pgbk.run(configuration, data, words.toArray(String[]::new));
        int exit = ended.exit();
        if (words.getFirst().equals("archive-get")) {
            if (exit == 0) {
                AsPostgres.own(data.resolve(words.getLast()));
            } else {
                exit = ended.err().contains("not in the archive") || ended.err().isEmpty() ? 1 : FAILED_GET;
            }
        }
        String name = request.toString();
        String answer = name.substring(0, name.length() - ".request".length()) + ".answer";
        // Opened for both, a pipe waits for nobody: the script may have been killed with its server.
        try (RandomAccessFile pipe = new RandomAccessFile(answer, "rw")) {
            pipe.write((exit + "\n").getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** Ends after the servers that use it. */
    @Override
    public void close() {
        stopped.set(true);
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        AsPostgres.deleteTree(requests);
    }
}
