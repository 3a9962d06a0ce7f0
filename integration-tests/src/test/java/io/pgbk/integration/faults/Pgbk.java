package io.pgbk.integration.faults;

import io.pgbk.cli.command.Commands;
import io.pgbk.cli.config.ConfigurationLoader;
import io.pgbk.cli.hook.HookCall;
import io.pgbk.cli.hook.Hooks;
import io.pgbk.cli.output.StopRequest;
import io.pgbk.cli.process.ProcessContext;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The program in this JVM, from its arguments to its exit code. */
public final class Pgbk {
    private Pgbk() {}

    /**
     * What a command left.
     *
     * @param exit of the program itself; the launcher turns a failure of archive-get into 255 or 100
     */
    public record Ended(int exit, String out, String err, Duration time) {
        @Override
        public String toString() {
            return "exit " + exit + "\n" + out + err;
        }
    }

    public static Ended run(Path configuration, Path workingDirectory, String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        ProcessContext process = new ProcessContext(
                new ConfigurationLoader(Path.of("/nonexistent"), Map.of()),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                Optional.of(Path.of("/opt/pgbk/bin/pgbk")),
                workingDirectory,
                Path.of("/tmp"),
                Clock.systemUTC(),
                System::nanoTime,
                new SecureRandom(),
                new StopRequest());
        List<String> arguments = new ArrayList<>(List.of("--config", configuration.toString()));
        arguments.addAll(List.of(words));
        long start = System.nanoTime();
        int exit = HookCall.kindOf(arguments)
                .map(kind -> Hooks.run(kind, arguments, process).plainStatus())
                .orElseGet(() -> Commands.run(arguments, process));
        return new Ended(
                exit,
                out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8),
                Duration.ofNanos(System.nanoTime() - start));
    }
}
