package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Hazard: the restored server archives beside an old primary that lives. In the hour of need nobody shall wait ten
 * minutes, however, when the old primary is the stopped server in the very directory.
 */
class InPlaceRestoreTest {
    private static final String[] DRY_RUN = {"restore", "--target-immediate", "--delta", "--dry-run", "--output", "json"
    };

    @Test
    void aServerThatWasStoppedProperlyIsRestoredInPlaceAtOnceAndOneThatMayLiveElsewhereIsNot() {
        try (CommandSite site = CommandSite.start(15)) {
            PostgresServer server = site.server();
            site.run("init").orFail();
            site.run("backup").orFail();
            site.archiveEverything();

            server.stop();
            JsonNode plan = site.run(DRY_RUN).orFail().json();
            assertThat(plan.get("archiving").asString()).isEqualTo("continue");

            Path clone = AsPostgres.createDirectory(site.directory().resolve("clone"));
            AsPostgres.run("cp", "-a", server.dataDirectory() + "/.", clone.toString())
                    .orThrow();
            server.start();
            server.kill();
            assertThat(site.run(DRY_RUN).failed(71).err())
                    .as("what did not shut down may have been taken over")
                    .contains("seems to be alive")
                    .contains("--archiving off");

            server.start();
            server.stop();
            site.run(DRY_RUN).orFail();
            try (PostgresServer other = PostgresServer.builder(15)
                    .withCommandLineSetting("archive_mode", "off")
                    .on(clone)) {
                other.start();
                for (int i = 0; i < 4; i++) {
                    other.switchWal();
                }
                String segment = other.switchWal();
                other.stopImmediately();
                site.run("archive-push", clone + "/pg_wal/" + segment).orFail();
            }
            assertThat(site.run(DRY_RUN).failed(71).err())
                    .as("another server archives beyond this one's end")
                    .contains("seems to be alive");
        }
    }

    @Test
    void aDirectoryThatCannotBeMadeIsSaidBeforeAnythingIsFetched() {
        CommandSite site = SharedSite.get();
        String target = site.config() + "/rescue";

        assertThat(site.run("restore", "--data-directory", target).failed(60).err())
                .contains(
                        "directory " + target + " does not exist, and this user may not create it in " + site.config())
                .contains("install -d -m 0700");
    }
}
