package io.pgbk.cli.process;

import io.pgbk.cli.config.ConfigurationLoader;
import io.pgbk.cli.output.StopRequest;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The process as the commands see it; the only place that knows the real clock, streams and environment.
 *
 * @param configurations finds and reads the configuration
 * @param out standard output, UTF-8
 * @param err standard error, UTF-8
 * @param terminal whether standard error is a terminal
 * @param launcher the absolute path by which this program is called, unless it was started without its launcher
 * @param workingDirectory the current directory
 * @param temporaryDirectory for files that are gone when the process ends
 * @param clock the host's clock
 * @param nanoTime a monotonic clock
 * @param random for keys, salts and labels
 * @param stop set by a signal
 */
public record ProcessContext(
        ConfigurationLoader configurations,
        PrintStream out,
        PrintStream err,
        boolean terminal,
        Optional<Path> launcher,
        Path workingDirectory,
        Path temporaryDirectory,
        InstantSource clock,
        LongSupplier nanoTime,
        SecureRandom random,
        StopRequest stop) {

    /** This process. */
    public static ProcessContext ofThisProcess() {
        return new ProcessContext(
                ConfigurationLoader.ofProcess(System.getenv()),
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                "yes".equals(System.getProperty("pgbk.terminal")),
                Optional.ofNullable(System.getProperty("pgbk.launcher")).map(Path::of),
                Path.of("").toAbsolutePath(),
                temporaryDirectory(System.getenv("TMPDIR")),
                Clock.systemUTC(),
                System::nanoTime,
                new SecureRandom(),
                new StopRequest());
    }

    private static Path temporaryDirectory(@Nullable String wished) {
        return Path.of(wished == null || wished.isEmpty() ? System.getProperty("java.io.tmpdir", "/tmp") : wished);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }
}
