package io.pgbk.restore.directory;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestFacts.ConfigurationFile;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.postgres.Lsn;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Hazard: configuration outside the data directory, and configuration that leads to another cluster's files. */
class ConfigurationPlannerTest {
    private static final String DATA = "/var/lib/postgresql/15/main";
    private static final String ETC = "/etc/postgresql/15/main/";
    private static final ConfigurationFile MAIN = file("config_file", ETC + "postgresql.conf", "port = 5432\n");
    private static final ConfigurationFile HBA = file("hba_file", ETC + "pg_hba.conf", "local all all peer\n");
    private static final ConfigurationFile IDENT = file("ident_file", ETC + "pg_ident.conf", "");
    private static final ConfigurationFile INNER = file("config_file", DATA + "/postgresql.conf", "port = 5432\n");

    private static ConfigurationFile file(String role, String path, String content) {
        return new ConfigurationFile(Bytes.utf8(path), role, Bytes.utf8(content));
    }

    private static ConfigurationPlan plan(String target, Map<String, String> here, ConfigurationFile... files) {
        return plan(target, here, Set.of(), files);
    }

    private static ConfigurationPlan plan(
            String target, Map<String, String> here, Set<String> links, ConfigurationFile... files) {
        return new ConfigurationPlanner(
                        facts(files),
                        target,
                        links,
                        path -> Optional.ofNullable(here.get(path)).map(Bytes::utf8))
                .plan();
    }

    private static ManifestFacts facts(ConfigurationFile... files) {
        return new ManifestFacts(
                "20261121T031500Z-7k2f-full",
                "full",
                List.of(),
                1,
                7,
                15,
                1300,
                202209061,
                8192,
                1 << 20,
                PageChecksums.ON,
                false,
                new Lsn(100),
                1,
                new Lsn(200),
                1,
                Instant.EPOCH,
                Instant.EPOCH,
                Bytes.utf8("label"),
                Optional.empty(),
                new TreeMap<>(Map.of(
                        "data_directory",
                        DATA,
                        "max_connections",
                        "300",
                        "max_worker_processes",
                        "9",
                        "work_mem",
                        "4096")),
                List.of(),
                List.of(files));
    }

    private static List<String> paths(List<ConfigurationPlan.File> files) {
        return files.stream().map(ConfigurationPlan.File::path).toList();
    }

    private static String content(List<ConfigurationPlan.File> files, String path) {
        return files.stream()
                .filter(file -> file.path().equals(path))
                .map(file -> new String(file.content().toArray(), StandardCharsets.UTF_8))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void inPlaceWithTheSameFilesNothingIsTouched() {
        ConfigurationPlan plan = plan(
                DATA,
                Map.of(
                        ETC + "postgresql.conf", "port = 5432\n",
                        ETC + "pg_hba.conf", "local all all peer\n",
                        ETC + "pg_ident.conf", ""),
                MAIN,
                HBA,
                IDENT);

        assertThat(plan).isEqualTo(new ConfigurationPlan(List.of(), List.of(), List.of()));
    }

    @Test
    void onANewMachineWithThePackagesOwnFilesThoseOfTheBackupArePutBesideAndNotLost() {
        ConfigurationPlan plan = plan(
                DATA,
                Map.of(
                        ETC + "postgresql.conf", "# as the package made it\n",
                        ETC + "pg_hba.conf", "local all all peer\n",
                        ETC + "pg_ident.conf", ""),
                MAIN,
                HBA,
                IDENT);

        assertThat(paths(plan.copies())).containsExactly("pgbk.config" + ETC + "postgresql.conf");
        assertThat(plan.generated()).isEmpty();
        assertThat(plan.overrides()).isEmpty();
    }

    @Test
    void aMachineWithoutTheFilesGetsThemAndAMinimalConfigurationThatRecoversAndUsesTheOldRules() {
        ConfigurationPlan plan = plan(DATA, Map.of(), MAIN, HBA, IDENT);

        assertThat(paths(plan.copies()))
                .containsExactly(
                        "pgbk.config" + ETC + "postgresql.conf",
                        "pgbk.config" + ETC + "pg_hba.conf",
                        "pgbk.config" + ETC + "pg_ident.conf");
        assertThat(content(plan.generated(), "postgresql.conf"))
                .contains("max_connections = '300'")
                .contains("max_worker_processes = '9'")
                .doesNotContain("work_mem");
        assertThat(plan.overrides())
                .contains(
                        new Setting("hba_file", DATA + "/pgbk.config" + ETC + "pg_hba.conf"),
                        new Setting("ident_file", DATA + "/pgbk.config" + ETC + "pg_ident.conf"));
    }

    @Test
    void withoutRulesOfTheOldMachineOnlyLocalAndPasswordAccessIsAllowed() {
        ConfigurationPlan plan = plan("/srv/rescue", Map.of(), MAIN);

        assertThat(content(plan.generated(), "pg_hba.conf"))
                .contains("peer")
                .contains("scram-sha-256")
                .doesNotContain("trust");
    }

    @Test
    void aCopyElsewhereNeverUsesTheDirectoryOrThePidFileOfTheOriginal() {
        ConfigurationFile main = file(
                "config_file",
                DATA + "/postgresql.conf",
                "data_directory = '" + DATA + "'\nEXTERNAL_PID_FILE = '/run/x.pid'\n hba_file='" + DATA
                        + "/pg_hba.conf'\n");
        ConfigurationFile hba = file("hba_file", DATA + "/pg_hba.conf", "local all all peer\n");

        ConfigurationPlan plan = plan("/srv/o'rescue", Map.of(), main, hba);

        assertThat(plan.overrides())
                .containsExactlyInAnyOrder(
                        new Setting("data_directory", "/srv/o'rescue"),
                        new Setting("external_pid_file", ""),
                        new Setting("hba_file", "/srv/o'rescue/pg_hba.conf"));
        assertThat(plan.overrides().getFirst().line()).contains("'/srv/o''rescue/pg_hba.conf'");
        assertThat(plan.generated()).isEmpty();
    }

    @Test
    void aGeneratedConfigurationSetsNoPidFileBecauseNothingElseDoes() {
        ConfigurationFile main = file(
                "config_file",
                "/etc/postgresql/17/main/postgresql.conf",
                "data_directory = '" + DATA + "'\nexternal_pid_file = '/run/x.pid'\n");

        ConfigurationPlan plan = plan("/srv/rescue", Map.of(), main);

        assertThat(paths(plan.generated())).contains("postgresql.conf");
        assertThat(plan.overrides()).isEmpty();
    }

    @Test
    void anIncludedFileThatTheMachineLacksWouldKeepTheServerFromStarting() {
        ConfigurationFile included = file("include", "/etc/postgresql-common/tuning.conf", "work_mem = '1GB'\n");

        ConfigurationPlan plan = plan(DATA, Map.of(), INNER, included);

        assertThat(paths(plan.copies()))
                .containsExactly("pgbk.config/etc/postgresql-common/tuning.conf", "pgbk.config/postgresql.conf");
        assertThat(content(plan.generated(), "postgresql.conf")).contains("max_connections = '300'");
        assertThat(plan(DATA, Map.of("/etc/postgresql-common/tuning.conf", "work_mem = '1GB'\n"), INNER, included)
                        .generated())
                .isEmpty();
    }

    @Test
    void aLinkToAFileOfTheOldMachineBecomesTheFile() {
        ConfigurationPlan plan = plan("/srv/rescue", Map.of(), Set.of("postgresql.conf"), INNER);

        assertThat(content(plan.generated(), "postgresql.conf")).isEqualTo("port = 5432\n");
    }

    @Test
    void bytesThatAreNotUtf8InAPathStayWhatTheyAre() {
        Bytes path = Bytes.of(new byte[] {'/', 'e', (byte) 0xe4, '/', 'p', '.', 'c'});

        ConfigurationPlan plan = plan(DATA, Map.of(), new ConfigurationFile(path, "config_file", Bytes.EMPTY));

        assertThat(paths(plan.copies())).containsExactly("pgbk.config/e\u00e4/p.c");
    }
}
