package io.pgbk.integration.race;

import io.pgbk.testkit.AsPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs a command as the database's user and measures it from outside: bash takes the times, /proc shows the memory. */
final class MeasuredCommand {
    // The shell's own figures go to a file, so that the command keeps its standard error.
    private static final String TIMED = "TIMEFORMAT='%R %U %S'; { time \"$@\" >\"$OUT\" 2>&1; } 2>\"$TIMES\"";
    private static final long SAMPLE_MILLIS = 20;
    private static final long KIB = 1024;

    private final Path scratch;

    /** @param scratch a directory that the database's user can write */
    MeasuredCommand(Path scratch) {
        this.scratch = scratch;
    }

    /**
     * Runs a command, which must succeed.
     *
     * @param directory its working directory
     */
    Measurement run(List<String> command, Path directory) {
        Path output = scratch.resolve("output");
        Path times = scratch.resolve("times");
        List<String> words = new ArrayList<>(List.of("bash", "-c", TIMED, "bash"));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(AsPostgres.command(words)).directory(directory.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("OUT", output.toString());
        builder.environment().put("TIMES", times.toString());
        try {
            Process process = builder.inheritIO().start();
            long peak = 0;
            do {
                peak = Math.max(peak, residentBytes(process.toHandle()));
            } while (!process.waitFor(SAMPLE_MILLIS, TimeUnit.MILLISECONDS));
            if (process.exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", command) + " failed with " + process.exitValue() + "\n"
                        + Files.readString(output));
            }
            String[] figures =
                    Files.readString(times, StandardCharsets.US_ASCII).strip().split(" ", -1);
            return new Measurement(
                    Double.parseDouble(figures[0]),
                    Double.parseDouble(figures[1]) + Double.parseDouble(figures[2]),
                    peak);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** What the last command wrote to both its outputs. */
    String output() {
        try {
            return Files.readString(scratch.resolve("output"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long residentBytes(ProcessHandle root) {
        try (Stream<ProcessHandle> tree = root.descendants()) {
            return tree.mapToLong(child -> residentBytes(child.pid())).sum();
        }
    }

    private static long residentBytes(long pid) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * KIB)
                    .sum();
        } catch (IOException | UncheckedIOException e) {
            // It has ended meanwhile.
            return 0;
        }
    }
}
