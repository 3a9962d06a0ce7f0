package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** {@code copy} from its arguments to a restore from what it made. */
class CopyTest {
    private final CommandSite site = SharedSite.get();
    private final String label = SharedSite.label();

    @Test
    void hazardTheFirstRepositoryIsLostAndTheCopyRestoresTheSameFilesWithItsOwnKey() throws IOException {
        site.copyRepository("copy-near");
        AsPostgres.createDirectory(site.directory().resolve("copy-far"));
        site.secret("far-key", HexFormat.of().formatHex(new byte[32]).replace('0', '9'));
        String far = site.repository("far", "copy-far")
                .replace(site.directory().resolve("key") + "}", site.directory().resolve("far-key") + "}");
        Path both = site.configure("copy.yaml", site.repository("near", "copy-near"), far);
        Path alone = site.configure("copy-far.yaml", far);
        site.runWith(both, "init").orFail();
        Path expected = site.directory().resolve("copy-expected");
        site.runWith(both, "restore", "--repository", "near", "--data-directory", expected.toString())
                .orFail();

        JsonNode dry = copy(both, "--dry-run");
        assertThat(dry.at("/backups/0/state").asString()).isEqualTo("planned");
        assertThat(site.runWith(alone, "info").orFail().out()).doesNotContain(label);
        JsonNode copied = copy(both);
        assertThat(copied.at("/backups/0/label").asString()).isEqualTo(label);
        assertThat(copied.at("/backups/0/state").asString()).isEqualTo("copied");
        assertThat(copied.get("walSegments").asInt()).isPositive();
        assertThat(copy(both).get("backups")).isEmpty();
        AsPostgres.deleteTree(site.directory().resolve("copy-near"));

        assertThat(site.runWith(alone, "verify").orFail().out()).contains("sound");
        Path target = site.directory().resolve("copy-restored");
        site.runWith(alone, "restore", "--data-directory", target.toString()).orFail();
        assertThat(contents(target)).isEqualTo(contents(expected));
    }

    @Test
    void repositoriesThatAreNotConfiguredAreRefused() {
        assertThat(site.run("copy", "--from", "primary", "--to", "nowhere")
                        .failed(2)
                        .err())
                .contains("nowhere");
        assertThat(site.run("copy", "--from", "primary", "--to", "primary")
                        .failed(2)
                        .err())
                .contains("one repository");
    }

    private JsonNode copy(Path configuration, String... more) {
        String[] all = Stream.concat(
                        Stream.of("copy", "--from", "near", "--to", "far", "--output", "json"), Arrays.stream(more))
                .toArray(String[]::new);
        return site.runWith(configuration, all).orFail().json();
    }

    private static Map<String, Integer> contents(Path directory) throws IOException {
        Map<String, Integer> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            // The manifest tells when the files were written; settings name the configuration that restores.
            Stream<Path> compared = files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("backup_manifest") && !file.endsWith("postgresql.auto.conf"));
            for (Path file : (Iterable<Path>) compared::iterator) {
                contents.put(directory.relativize(file).toString(), Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        return contents;
    }
}
