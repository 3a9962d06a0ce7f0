package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import java.nio.file.Path;
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

    private JsonNode backups(Path config) {
        return site.runWith(config, "info", "--output", "json")
                .orFail()
                .json()
                .at("/repositories/0/incarnations/0/backups");
    }
}
