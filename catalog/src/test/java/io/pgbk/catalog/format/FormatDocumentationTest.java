package io.pgbk.catalog.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** docs/repository-format.md shows what the codecs write, byte for byte. */
class FormatDocumentationTest {
    private static Path document() {
        Path here = Path.of("").toAbsolutePath();
        Path beside = here.resolve("docs/repository-format.md");
        return Files.exists(beside) ? beside : here.resolveSibling("docs").resolve("repository-format.md");
    }

    private static Map<String, String> examples() throws IOException {
        Map<String, byte[]> plain = FormatExamples.objects(false, Compression.NONE);
        Map<String, byte[]> encrypted = FormatExamples.objects(true, Compression.NONE);
        Map<String, String> examples = new TreeMap<>();
        examples.put("plain event", dump(plain, FormatExamples.EVENT));
        examples.put("encrypted event", dump(encrypted, FormatExamples.EVENT));
        examples.put("plain history", dump(plain, FormatExamples.HISTORY));
        examples.put("plain manifest", dump(plain, FormatExamples.MANIFEST));
        examples.put("plain incarnation", text(plain, FormatExamples.INCARNATION));
        examples.put("encrypted incarnation", text(encrypted, FormatExamples.INCARNATION));
        examples.put("key-file slot", text(encrypted, FormatExamples.SLOT));
        examples.put("passphrase slot", text(encrypted, FormatExamples.PASSPHRASE_SLOT));
        return examples;
    }

    private static String dump(Map<String, byte[]> objects, String path) {
        return FormatExamples.dump(objects.getOrDefault(path, new byte[0]));
    }

    private static String text(Map<String, byte[]> objects, String path) {
        return new String(objects.getOrDefault(path, new byte[0]), StandardCharsets.UTF_8);
    }

    @Test
    void everyExampleInTheDocumentIsWhatTheCodecWrites() throws IOException {
        String document = Files.readString(document());
        examples()
                .forEach((name, expected) ->
                        assertThat(block(document, name)).as(name).isEqualTo(expected));
    }

    private static String block(String document, String name) {
        String start = "<!-- example: " + name + " -->\n```\n";
        int at = document.indexOf(start);
        assertThat(at).as("example " + name).isNotNegative();
        return document.substring(at + start.length(), document.indexOf("```\n", at + start.length()));
    }

    @Test
    void theDocumentNamesEveryKindAndItsCode() throws IOException {
        String document = Files.readString(document());
        for (ObjectKind kind : ObjectKind.values()) {
            assertThat(document).contains("| " + kind.code() + " | `" + kind + "` |");
        }
    }

    /** Writes the examples into the document: for changes of the text around them, and before a format is released. */
    static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0]);
        String document = Files.readString(file);
        for (Map.Entry<String, String> example : examples().entrySet()) {
            String start = "<!-- example: " + example.getKey() + " -->\n```\n";
            int from = document.indexOf(start) + start.length();
            document = document.substring(0, from)
                    + example.getValue()
                    + document.substring(document.indexOf("```\n", from));
        }
        Files.writeString(file, document);
    }
}
