package io.pgbk.testkit.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The long form: Jazzer in a JVM of its own, guided by coverage, for {@code pgbk.fuzz.seconds} (default 300). What it
 * learns is kept in {@code pgbk.fuzz.corpus}, a directory, when that is given, and is where the next run goes on.
 */
final class JazzerRun {
    private static final int SECONDS = Integer.getInteger("pgbk.fuzz.seconds", 300);
    private static final String DRIVER = "com.code_intelligence.jazzer.Jazzer";

    private final Class<?> targets;
    private final FuzzTarget target;

    JazzerRun(Class<?> targets, FuzzTarget target) {
        this.targets = targets;
        this.target = target;
    }

    void run(List<byte[]> inputs) {
        try {
            Path directory = Files.createTempDirectory("pgbk-fuzz-");
            Path seeds = Files.createDirectory(directory.resolve("seeds"));
            for (int i = 0; i < inputs.size(); i++) {
                Files.write(seeds.resolve(Integer.toString(i)), inputs.get(i));
            }
            Path output = directory.resolve("output");
            int exit = new ProcessBuilder(command(directory, corpus(directory), seeds))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start()
                    .waitFor();
            List<String> lines = Files.readAllLines(output, StandardCharsets.ISO_8859_1);
            System.out.println("fuzz " + target.name() + ": " + figures(lines));
            if (exit != 0) {
                throw new AssertionError("Jazzer ended with " + exit + ", see " + directory + "\n" + report(lines));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private Path corpus(Path directory) throws IOException {
        String kept = System.getProperty("pgbk.fuzz.corpus", "");
        return Files.createDirectories(
                (kept.isEmpty() ? directory.resolve("corpus") : Path.of(kept)).resolve(target.name()));
    }

    private List<String> command(Path directory, Path corpus, Path seeds) {
        return new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx600m",
                "-XX:+UseSerialGC",
                "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED",
                "-Dsun.jnu.encoding=ISO-8859-1",
                "-cp",
                System.getProperty("java.class.path"),
                DRIVER,
                "--target_class=" + JazzerEntry.class.getName(),
                "--target_args=" + targets.getName() + " " + target.name(),
                "--instrumentation_includes=io.pgbk.**",
                "--instrumentation_excludes=io.pgbk.testkit.**",
                "--reproducer_path=" + directory,
                "-artifact_prefix=" + directory + "/",
                "-max_total_time=" + SECONDS,
                "-max_len=" + target.maxInputBytes(),
                "-timeout=30",
                "-rss_limit_mb=3000",
                "-print_final_stats=1",
                corpus.toString(),
                seeds.toString()));
    }

    private static String figures(List<String> lines) {
        String inputs = last(lines, "stat::number_of_executed_units:");
        String coverage = lines.stream()
                .filter(line -> line.contains(" cov: "))
                .reduce("", (before, line) -> line.replaceAll(".* (cov: \\d+).*", "$1"));
        return inputs.replaceAll(".*:\\s*", "") + " executions, " + coverage;
    }

    private static String last(List<String> lines, String start) {
        return lines.stream().filter(line -> line.startsWith(start)).reduce("", (before, line) -> line);
    }

    private static String report(List<String> lines) {
        try (Stream<String> all = lines.stream()) {
            return String.join("\n", all.skip(Math.max(0, lines.size() - 60)).toList());
        }
    }
}
