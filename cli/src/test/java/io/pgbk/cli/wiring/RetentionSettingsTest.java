package io.pgbk.cli.wiring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionSettingsTest {
    private static final String PLACE = "    url: s3://backups/pg\n    encryption: none\n";

    @TempDir
    Path directory;

    private Configuration load(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("pgbk.yaml"), "cluster: main\n" + content);
        return new ConfigurationLoader(file, Map.of()).load(Optional.empty(), Optional.empty());
    }

    private RetentionPolicy policy(String content) throws IOException {
        Configuration configuration = load(content);
        return RetentionSettings.of(configuration, configuration.repository(Optional.empty()));
    }

    /** What these three lines keep over five years is shown in FiveYearsTest. */
    @Test
    void theUsualPlanIsTheThreeLinesThatTheDocumentationShows() throws IOException {
        String page = Files.readString(Path.of("../docs/operations.md"));
        int begin = page.indexOf("    repositories:\n", page.indexOf("## Retention"));
        String shown = page.substring(begin, page.indexOf("\n\n", begin) + 1).indent(-4);
        Configuration configuration = load(shown.replace("  - name: primary\n", "  - name: primary\n" + PLACE));

        assertThat(RetentionSettings.of(configuration, configuration.repository(Optional.empty())))
                .isEqualTo(new RetentionPolicy(
                        OptionalInt.of(3), Optional.empty(), 0, 12, 5, ZoneOffset.UTC, Duration.ofDays(7)));
        assertThat(configuration.settings().find("schedule.full").orElseThrow().text())
                .isEqualTo("0 0 1 ? * SUN");
        assertThat(configuration.settings().find("schedule.diff").orElseThrow().text())
                .isEqualTo("0 0 1 ? * MON-SAT");
    }

    @Test
    void everyRuleAndTheCalendarsZoneAreTaken() throws IOException {
        assertThat(policy("time-zone: Europe/Berlin\nrepositories:\n  - name: primary\n" + PLACE
                        + "    retention: {full: 2, window: 36h, weekly: 4, monthly: 12, yearly: 5, grace: 0d}\n"))
                .isEqualTo(new RetentionPolicy(
                        OptionalInt.of(2),
                        Optional.of(Duration.ofHours(36)),
                        4,
                        12,
                        5,
                        ZoneId.of("Europe/Berlin"),
                        Duration.ZERO));
    }

    @Test
    void withoutRulesEverythingIsKept() throws IOException {
        assertThat(policy("repositories:\n  - name: primary\n" + PLACE).keepsEverything())
                .isTrue();
    }
}
