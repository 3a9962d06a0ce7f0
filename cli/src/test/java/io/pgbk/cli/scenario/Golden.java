package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Compares what commands print with files in the test's resources; what differs from run to run (times, labels, sizes,
 * places) is replaced by names first. The files are rewritten by running the tests with PGBK_TEST_WRITE_GOLDEN=yes in
 * the environment; the difference is then for the eyes of a reviewer.
 */
final class Golden {
    private static final Path FILES = Path.of("src/test/resources/io/pgbk/cli/golden");
    private static final Map<Pattern, Function<MatchResult, String>> VARYING = varying();

    private Golden() {}

    private static Map<Pattern, Function<MatchResult, String>> varying() {
        Map<Pattern, Function<MatchResult, String>> rules = new LinkedHashMap<>();
        rules.put(Pattern.compile("[0-9]{8}T[0-9]{6}Z-[a-z0-9]{4}-full"), _ -> "<label>");
        rules.put(
                Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|\\+00)"),
                _ -> "<time>");
        rules.put(Pattern.compile("\\b[0-9a-f]{64}\\b"), _ -> "<digest>");
        rules.put(Pattern.compile("\\b[0-9a-f]{32}\\b"), _ -> "<id>");
        rules.put(Pattern.compile("\\b[0-9a-f]{8}-[0-9]{4}-[0-9a-f]{8}\\b"), _ -> "<slot>");
        rules.put(Pattern.compile("\\b[0-9A-F]{24}\\b"), _ -> "<wal>");
        rules.put(Pattern.compile("\\b[0-9A-F]{1,8}/[0-9A-F]{6,8}\\b"), _ -> "<lsn>");
        rules.put(Pattern.compile("\\b[0-9]{17,20}\\b"), _ -> "<system>");
        rules.put(Pattern.compile("PostgreSQL 16\\.[0-9]+"), _ -> "PostgreSQL 16.x");
        rules.put(Pattern.compile("[^ \"]+, process [0-9]+"), _ -> "<owner>");
        rules.put(Pattern.compile("\\b[0-9]+(\\.[0-9]+)? ([KMG]iB|B)\\b"), _ -> "<size>");
        rules.put(Pattern.compile("\\b[0-9.]+ (ms|s)\\b"), _ -> "<span>");
        rules.put(Pattern.compile("(files: +)[0-9]+, [0-9]+ bytes"), match -> match.group(1) + "<n>, <n> bytes");
        rules.put(Pattern.compile("\\b[0-9]+ (files|objects)\\b"), match -> "<n> " + match.group(1));
        rules.put(
                Pattern.compile("(\"(?:[a-z]+Bytes|bytes[A-Za-z]*|files|seconds|objectsChecked)\" ?: ?)[0-9.E+-]+"),
                match -> match.group(1) + "<n>");
        // Widths of columns follow from what was replaced.
        rules.put(Pattern.compile("(?<=[^ \\n]) {2,}"), _ -> "  ");
        return rules;
    }

    /** The outcome must be what the file says. */
    static void check(String name, Outcome outcome, Map<String, String> places) {
        String text = outcome.toString();
        for (Map.Entry<String, String> place : places.entrySet()) {
            text = text.replace(place.getKey(), place.getValue());
        }
        for (Map.Entry<Pattern, Function<MatchResult, String>> rule : VARYING.entrySet()) {
            text = rule.getKey()
                    .matcher(text)
                    .replaceAll(match -> java.util.regex.Matcher.quoteReplacement(
                            rule.getValue().apply(match)));
        }
        Path file = FILES.resolve(name + ".txt");
        try {
            if ("yes".equals(System.getenv("PGBK_TEST_WRITE_GOLDEN"))) {
                Files.createDirectories(FILES);
                Files.writeString(file, text);
            }
            assertThat(text).isEqualTo(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
