package io.pgbk.cli;

import io.pgbk.cli.config.ConfigurationLoader;
import io.pgbk.cli.output.StopRequest;
import io.pgbk.cli.process.ProcessContext;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs the program from its arguments to its exit code in this JVM, with streams of its own. */
public final class InProcess {
    /** What it left. */
    public record Result(int exit, String out, String err) {}

    private InProcess() {}

    /**
     * Runs a command.
     *
     * @param environment the variables that pgbk reads
     * @param stop a signal's way to it
     */
    public static Result run(
            Path workingDirectory, Map<String, String> environment, StopRequest stop, List<String> arguments) {
        return run(workingDirectory, environment, stop, Clock.systemUTC(), arguments);
    }

    /** As above, with a clock of the test's. */
    public static Result run(
            Path workingDirectory,
            Map<String, String> environment,
            StopRequest stop,
            Clock clock,
            List<String> arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit = Main.run(arguments, process(workingDirectory, environment, stop, clock, out, err));
        return new Result(exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A process with these streams, without a default configuration. */
    public static ProcessContext process(
            Path workingDirectory,
            Map<String, String> environment,
            StopRequest stop,
            Clock clock,
            OutputStream out,
            OutputStream err) {
        return new ProcessContext(
                new ConfigurationLoader(Path.of("/nonexistent/pgbk.yaml"), environment),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                Optional.of(Path.of("/opt/pgbk/bin/pgbk")),
                workingDirectory,
                Path.of("/tmp"),
                clock,
                System::nanoTime,
                new SecureRandom(),
                stop);
    }
}
