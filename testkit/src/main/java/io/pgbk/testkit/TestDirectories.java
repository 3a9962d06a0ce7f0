package io.pgbk.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The directories of this JVM's servers, and the watchdog that leaves nothing behind.
 *
 * <p>The watchdog is a small shell that holds the reading end of a pipe. When the JVM ends, however it ends (SIGKILL
 * included), the pipe closes, and the shell kills the servers that still run and removes the directories.
 */
final class TestDirectories {
    // $1 = the JVM's root directory; every line of stdin is the data directory of a server.
    private static final String WATCHDOG = """
            root=$1; dirs=; trap '' INT TERM HUP
            while read -r dir; do dirs="$dirs $dir"; done
            for dir in $dirs; do
              if [ -f "$dir/postmaster.pid" ]; then read -r pid < "$dir/postmaster.pid"; kill -QUIT "$pid" 2>/dev/null; fi
            done
            rm -rf "$root" || { sleep 1; rm -rf "$root"; }
            """;

    private static final AtomicInteger NEXT = new AtomicInteger();
    private static final Path ROOT = createRoot();
    private static final OutputStream WATCHDOG_INPUT = startWatchdog();

    private TestDirectories() {}

    static Path create(String prefix) {
        return AsPostgres.createDirectory(ROOT.resolve(prefix + NEXT.incrementAndGet()));
    }

    /** Makes sure that the server of this data directory (no blanks in the path) ends with the JVM. */
    static void watch(Path dataDirectory) {
        try {
            synchronized (WATCHDOG_INPUT) {
                WATCHDOG_INPUT.write((dataDirectory + "\n").getBytes(StandardCharsets.UTF_8));
                WATCHDOG_INPUT.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path createRoot() {
        try {
            Path root = Files.createTempDirectory(Path.of("/tmp"), "pgbk-");
            Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
            return root;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static OutputStream startWatchdog() {
        try {
            Process process = new ProcessBuilder("setsid", "sh", "-c", WATCHDOG, "pgbk-watchdog", ROOT.toString())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .directory(Path.of("/").toFile())
                    .start();
            return process.getOutputStream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
