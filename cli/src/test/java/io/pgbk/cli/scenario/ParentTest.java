package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What {@code backup} and {@code info} tell about the backup that another one is built on. */
class ParentTest {
    private final CommandSite site = SharedSite.get();

    @Test
    void theParentAndTheReasonForAFullBackupAreTold() {
        AsPostgres.createDirectory(site.directory().resolve("parents"));
        Path config = site.configure("parents.yaml", site.repository("primary", "parents"));
        site.runWith(config, "init").orFail();
        site.archiveWith(config);
        try {
            Outcome nothingThere =
                    site.runWith(config, "backup", "--type", "incr").orFail();
            assertThat(nothingThere.out())
                    .contains("a full backup")
                    .contains("full, not incr: there is no backup yet")
                    .doesNotContain("built on");
            assertThat(nothingThere.err()).contains("taking a full backup: there is no backup yet");
            JsonNode first = backups(config).get(0);
            assertThat(first.get("type").asString()).isEqualTo("full");
            assertThat(first.get("parent").isNull()).isTrue();
            String full = first.get("label").asString();

            JsonNode incremental = site.runWith(config, "backup", "--type", "incr", "--output", "json")
                    .orFail()
                    .json();
            assertThat(incremental.get("type").asString()).isEqualTo("incremental");
            assertThat(incremental.get("parent").asString()).isEqualTo(full);
            assertThat(incremental.get("fallbackReason").isNull()).isTrue();
            JsonNode second = backups(config).get(1);
            assertThat(second.get("type").asString()).isEqualTo("incremental");
            assertThat(second.get("parent").asString()).isEqualTo(full);

            site.runWith(config, "delete", incremental.get("label").asString(), "--force", "--now")
                    .orFail();
            site.runWith(config, "delete", full, "--force").orFail();
            JsonNode again = site.runWith(config, "backup", "--type", "diff", "--output", "json")
                    .orFail()
                    .json();
            assertThat(again.get("type").asString()).isEqualTo("full");
            assertThat(again.get("parent").isNull()).isTrue();
            assertThat(again.get("fallbackReason").asString())
                    .isEqualTo("backup " + full + " cannot be built on: it is being removed");
        } finally {
            site.archiveOnlyWith(site.config());
        }
    }

    @Test
    void withTwoRepositoriesEachHasChainsAndRetentionOfItsOwn() {
        AsPostgres.createDirectory(site.directory().resolve("own-near"));
        AsPostgres.createDirectory(site.directory().resolve("own-far"));
        Path config = site.configure(
                "own.yaml",
                site.repository("near", "own-near") + "    retention: {full: 1, grace: 0d}\n",
                site.repository("far", "own-far") + "    retention: {full: 2, grace: 0d}\n");
        site.runWith(config, "init").orFail();
        site.archiveWith(config);
        try {
            JsonNode near = backup(config, "near", "full");
            JsonNode far = backup(config, "far", "incr");
            assertThat(far.get("type").asString()).isEqualTo("full");
            assertThat(far.get("fallbackReason").asString()).isEqualTo("there is no backup yet");
            site.server().sql("update orders set note = note where x % 10 = 0");
            JsonNode farDiff = backup(config, "far", "diff");
            JsonNode nearIncr = backup(config, "near", "incr");
            JsonNode farIncr = backup(config, "far", "incr");
            // The newest backup of all is always in the other repository.
            assertThat(parent(farDiff)).isEqualTo(label(far));
            assertThat(parent(nearIncr)).isEqualTo(label(near));
            assertThat(parent(farIncr)).isEqualTo(label(farDiff));
            assertThat(labels(config, 0)).containsExactly(label(near), label(nearIncr));
            assertThat(labels(config, 1)).containsExactly(label(far), label(farDiff), label(farIncr));

            JsonNode second = backup(config, "near", "full");
            site.runWith(config, "retention", "set").orFail();
            site.runWith(config, "retention", "set", "--repository", "far").orFail();
            site.runWith(config, "expire").orFail();
            site.runWith(config, "expire").orFail();
            site.runWith(config, "expire", "--repository", "far").orFail();
            assertThat(labels(config, 0)).containsExactly(label(second));
            assertThat(labels(config, 1)).containsExactly(label(far), label(farDiff), label(farIncr));
            assertThat(site.runWith(config, "verify").orFail().out())
                    .contains("repository near sound")
                    .contains("repository far sound");
        } finally {
            site.archiveOnlyWith(site.config());
        }
    }

    private JsonNode backup(Path config, String repository, String type) {
        return site.runWith(config, "backup", "--type", type, "--repository", repository, "--output", "json")
                .orFail()
                .json();
    }

    private static String label(JsonNode backup) {
        return backup.get("label").asString();
    }

    private static String parent(JsonNode backup) {
        return backup.get("parent").asString();
    }

    private List<String> labels(Path config, int repository) {
        List<String> labels = new ArrayList<>();
        site.runWith(config, "info", "--output", "json")
                .orFail()
                .json()
                .at("/repositories/" + repository + "/incarnations/0/backups")
                .forEach(backup -> labels.add(label(backup)));
        return labels;
    }

    private JsonNode backups(Path config) {
        return site.runWith(config, "info", "--output", "json")
                .orFail()
                .json()
                .at("/repositories/0/incarnations/0/backups");
    }
}
