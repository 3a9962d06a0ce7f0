package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/hazards.md names, for everything that goes wrong, the tests that show what pgbk does: they must exist. */
class HazardsDocumentTest {
    private static final Path ROOT = Path.of(System.getProperty("basedir", "."), "..");
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w+)#(\\w+)`");
    private static final Pattern ROW = Pattern.compile("\\| .* \\|");

    @Test
    void everyTestThatTheDocumentNamesExists() throws IOException {
        Map<String, String> sources = sources();
        List<String> missing = new ArrayList<>();
        int named = 0;
        for (String line : Files.readAllLines(ROOT.resolve("docs/hazards.md"))) {
            Matcher matcher = TEST.matcher(line);
            while (matcher.find()) {
                named++;
                String source = sources.getOrDefault(matcher.group(1), "");
                if (!source.contains(" void " + matcher.group(2) + "(")) {
                    missing.add(matcher.group());
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(named).isGreaterThan(50);
    }

    @Test
    void everyLineOfTheTablesNamesATest() throws IOException {
        List<String> rows = Files.readAllLines(ROOT.resolve("docs/hazards.md")).stream()
                .filter(line -> ROW.matcher(line).matches())
                .filter(line -> !line.startsWith("| what goes wrong") && !line.startsWith("| ---"))
                .toList();

        assertThat(rows).isNotEmpty().allMatch(row -> TEST.matcher(row).find());
    }

    /** The text of every test class by its simple name. */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path tests : (Iterable<Path>)
                    modules.map(module -> module.resolve("src/test/java")).filter(Files::isDirectory)::iterator) {
                try (Stream<Path> files = Files.walk(tests)) {
                    for (Path file : (Iterable<Path>)
                            files.filter(name -> name.toString().endsWith(".java"))::iterator) {
                        String name = String.valueOf(file.getFileName());
                        sources.merge(
                                name.substring(0, name.length() - ".java".length()),
                                Files.readString(file),
                                String::concat);
                    }
                }
            }
        }
        return sources;
    }
}
