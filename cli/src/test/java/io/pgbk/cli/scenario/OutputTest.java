package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the commands print, word for word, as text and as JSON: scripts and people rely on it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OutputTest {
    private CommandSite site;
    private Path readOnlyCopy;

    @BeforeAll
    void prepare() {
        site = SharedSite.get();
        site.copyRepository("output-copy");
        readOnlyCopy = site.configure("output.yaml", site.repository("primary", "output-copy"));
    }

    private Map<String, String> places() {
        Map<String, String> places = new LinkedHashMap<>();
        places.put(site.directory().resolve("output-copy").toString(), "/srv/pgbk");
        places.put(site.directory().resolve("output.yaml").toString(), "/etc/pgbk/pgbk.yaml");
        places.put(site.directory().toString(), "/etc/pgbk");
        places.put(site.server().dataDirectory().toString(), "/var/lib/postgresql/data");
        places.put(site.server().socketDirectory().toString(), "/var/run/postgresql");
        places.put(System.getProperty("java.runtime.version"), "<java>");
        return places;
    }

    private void check(String name, String... command) {
        Golden.check(name, site.runWith(readOnlyCopy, command), places());
    }

    @ParameterizedTest
    @CsvSource({
        "info, info",
        "verify, verify",
        "wal-list, wal list",
        "key-list, key list",
        "config-show, config show",
        "config-check, config check",
        "version, version",
        "restore-dry-run, restore --dry-run --data-directory /tmp/pgbk-not-there",
    })
    void answersAsTextAndAsJson(String name, String command) {
        check(name, command.split(" "));
        check(name + "-json", (command + " --output json").split(" "));
    }

    @Test
    void walListOfATimelineHasEveryFileOfIt() {
        Outcome text = site.run("wal", "list", "--timeline", "1").orFail();
        Outcome json =
                site.run("wal", "list", "--timeline", "1", "--output", "json").orFail();

        assertThat(text.out()).startsWith("NAME").contains(".backup");
        assertThat(json.json().get("files"))
                .hasSize((int) text.out().lines().count() - 1)
                .allMatch(file -> file.get("storedBytes").asLong() > 0);
        assertThat(site.run("wal", "list", "--timeline", "9").orFail().out())
                .isEqualTo("nothing is archived on this timeline\n");
    }

    @Test
    void checkAnswersAsTextAndAsJson() {
        Golden.check("check", site.run("check"), places());
        Golden.check("check-json", site.run("check", "--output", "json"), places());
    }

    @Test
    void backupAnswersAsText() {
        assertThat(SharedSite.backupText()).contains("took ");
    }

    @ParameterizedTest
    @CsvSource({
        "error-unknown-command, bakcup",
        "error-command-of-another-version, drill",
        "error-unknown-subcommand, wal lst",
        "error-no-subcommand, key",
        "error-unknown-option, restore --target-tim now",
        "error-no-value, restore --target-time",
        "error-unexpected-argument, info more",
        "error-missing-argument, pin",
        "error-backup-type, backup --type weekly",
        "error-output-format, info --output xml",
        "error-unknown-repository, info --repository second",
        "error-not-a-label, pin yesterday",
        "error-not-a-listed-label, pin 20200101T000000Z-abcd-full",
        "error-two-targets, restore --target-xid 5 --target-immediate",
        "error-time-in-the-future, restore --target-time 2099-01-01T00:00:00Z --dry-run --data-directory /tmp/pgbk-no",
        "error-secret-as-argument, init --passphrase=hunter2",
        "error-wal-name, wal show nonsense",
        "error-wal-absent, wal show 0000000100000000000000F0",
        "error-not-empty, restore --data-directory /",
        "error-push-of-a-bare-name, archive-push 000000010000000000000001",
        "error-hook-option, archive-push --bogus x",
        "error-sample, verify --sample 0",
    })
    void failuresSayWhatAndWhatToDo(String name, String command) {
        check(name, command.split(" "));
        Outcome json = site.runWith(readOnlyCopy, (command + " --output json").split(" "));
        assertThat(json.out()).isEmpty();
        if (!command.contains("--output")) {
            assertThat(json.error().get("message").asString()).isNotEmpty();
            assertThat(json.error().get("exit").asInt()).isEqualTo(json.exit());
        }
    }

    @Test
    void aConfigurationThatIsNotThereIsNamed() {
        Golden.check("error-no-configuration", site.runWith(Path.of("/nonexistent/pgbk.yaml"), "info"), places());
    }

    @Test
    void everythingThatIsWrongWithTheConfigurationIsToldAtOnceWithItsLineAndTheNearestName() {
        Path wrong = site.write("output.yaml.wrong", """
                clustr: main
                cluster: Main
                postgres:
                  prot: 5432
                  port: many
                repositories:
                  - url: s3://b/pg
                    encryption: none
                  - url: file:///srv/second
                    endpoint: https://s3.example.net
                    encryption: {passphrase: hunter2}
                time-zone: Europe/Berlim
                """);
        Map<String, String> places = places();
        places.put(wrong.toString(), "/etc/pgbk/pgbk.yaml");
        Golden.check("error-configuration", site.runWith(wrong, "config", "check"), places);
        Golden.check("error-configuration-json", site.runWith(wrong, "config", "check", "--output", "json"), places);
    }

    @Test
    void configShowMasksSecretsOfTheEnvironment() {
        Map<String, String> environment = Map.of(
                "PGBK_POSTGRES_PASSWORD",
                "hunter2",
                "PGBK_REPOSITORIES_0_ENCRYPTION_PASSPHRASE",
                "correct horse battery staple");
        for (String format : List.of("text", "json")) {
            Outcome shown =
                    site.runWith(readOnlyCopy, environment, Clock.systemUTC(), "config", "show", "--output", format);
            assertThat(shown.orFail().all())
                    .contains("PGBK_POSTGRES_PASSWORD")
                    .contains("***")
                    .doesNotContain("hunter2")
                    .doesNotContain("battery");
        }
    }

    @Test
    void aRepositoryDirectoryThatIsNotThereHasToBeMadeByPeople() {
        Path missing = site.configure("missing.yaml", site.repository("primary", "not-there"));
        Golden.check("error-no-directory", site.runWith(missing, "init"), places());
    }
}
