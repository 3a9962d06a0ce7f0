package io.pgbk.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pgbk.error.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigurationLoaderTest {
    private static final String SOUND = """
            cluster: main
            repositories:
              - url: s3://backups/pg
                encryption: {key-file: /etc/pgbk/key}
            """;

    @TempDir
    Path directory;

    @Test
    void aSmallConfigurationGetsGoodDefaults() throws IOException {
        Configuration configuration = load(SOUND, Map.of());

        assertThat(configuration.cluster()).isEqualTo("main");
        assertThat(configuration.dataDirectory()).isEmpty();
        assertThat(configuration.repositories()).hasSize(1);
        ConfigurationRepository repository = configuration.repositories().getFirst();
        assertThat(repository.name()).isEqualTo("primary");
        assertThat(repository.isEncrypted()).isTrue();
        assertThat(repository.isRequired()).isTrue();
        Settings settings = configuration.settings();
        assertThat(settings.text("postgres.host")).contains("/var/run/postgresql");
        assertThat(settings.number("postgres.port")).contains(5432);
        assertThat(settings.number("compression.level")).contains(3);
        assertThat(settings.flag("page-checksums")).contains(true);
        assertThat(settings.span("history-deadline")).contains(Duration.ofSeconds(20));
        assertThat(settings.flag("repositories[0].allow-http")).contains(false);
        assertThat(settings.zone("time-zone")).isEmpty();
        assertThat(settings.bytes("rate-limit")).isEmpty();
        assertThat(settings.bytes("buffer-memory")).contains(256L << 20);
        assertThat(settings.bytes("digest-cache")).contains(2L << 30);
    }

    @Test
    void everyKeyCanBeWrittenInTheFile() throws IOException {
        Configuration configuration = load("""
                cluster: main-15
                postgres:
                  data-directory: /var/lib/postgresql/15/main
                  host: db.example.net
                  port: 5433
                  user: backup
                  database: maintenance
                  password-file: /etc/pgbk/password
                  tls: verify-ca
                  ca-file: /etc/pgbk/ca.pem
                repositories:
                  - name: primary
                    url: s3://backups/pg
                    endpoint: https://s3.example.net:9000
                    region: eu-central-1
                    path-style: true
                    credentials: {access-key-file: /a, secret-key-file: /s}
                    encryption: {key-file: /etc/pgbk/key, passphrase-file: /etc/pgbk/passphrase}
                    retention: {full: 3, weekly: 4, monthly: 12, yearly: 5, window: 14d, grace: 3d}
                    compact-below: 30
                    wal: required
                    ca-file: /etc/ssl/ca.pem
                    allow-http: false
                    allow-unsafe-store: true
                    checksum-mode: compatible
                    storage-class: STANDARD_IA
                    timeouts: {connect: 3s, request: 1min, total: 10min}
                    retries: 0
                    object-lock: {mode: governance, days: 30}
                  - name: second
                    url: file:///srv/pgbk
                    encryption: none
                    wal: repaired
                compression: {type: zstd, level: 9}
                parallel: 4
                buffer-memory: 64MiB
                rate-limit: 50MiB
                page-checksums: false
                archive-deadline: 90s
                history-deadline: 500ms
                spool-directory: /var/spool/pgbk
                digest-cache: 512MiB
                time-zone: Europe/Berlin
                schedule:
                  full: "0 0 1 ? * SUN"
                  diff: "0 0 1 ? * MON-SAT"
                  incr: "0 0/15 * * * ?"
                  expire: "0 30 2 L * ?"
                  verify: "0 0 4 ? * 1#1"
                  drill: "0 0 3 * * ?"
                  check: "0 */5 * * * ? 2026-2030"
                  on: replica-preferred
                serve: {listen: "127.0.0.1:8432", token-file: /t, job-store: memory}
                drill: {directory: /srv/drill, sql-file: /etc/pgbk/drill.sql, amcheck: false}
                notify: {webhook: "https://hooks.example.net/pgbk", email: dba@example.net}
                """, Map.of());

        Settings settings = configuration.settings();
        assertThat(settings.address("repositories[0].endpoint")).contains(URI.create("https://s3.example.net:9000"));
        assertThat(settings.span("repositories[0].retention.window")).contains(Duration.ofDays(14));
        assertThat(settings.bytes("rate-limit")).contains(50L << 20);
        assertThat(configuration.buffers().limitBytes()).isEqualTo(64L << 20);
        assertThat(settings.bytes("digest-cache")).contains(512L << 20);
        assertThat(settings.zone("time-zone")).contains(ZoneId.of("Europe/Berlin"));
        assertThat(configuration.repository(Optional.of("second")).isEncrypted())
                .isFalse();
        assertThat(configuration.repository(Optional.of("second")).isRequired()).isFalse();
        assertThat(ConfigSchema.all().stream()
                        .filter(key -> !key.secret())
                        .map(ConfigKey::path)
                        .filter(path -> settings.all().stream()
                                .filter(setting -> setting.origin() instanceof Origin.FileLine)
                                .noneMatch(setting -> setting.key().path().equals(path))))
                .describedAs("keys that this test forgets")
                .isEmpty();
    }

    @Test
    void everyKeyCanBeGivenInTheEnvironment() throws IOException {
        Map<String, String> variables = new HashMap<>(Map.of(
                "PGBK_CLUSTER", "other",
                "PGBK_POSTGRES_PORT", "5444",
                "PGBK_POSTGRES_PASSWORD", "geheim",
                "PGBK_REPOSITORIES_0_URL", "s3://elsewhere/pg",
                "PGBK_REPOSITORIES_0_CREDENTIALS_ACCESS_KEY", "AKIA",
                "PGBK_REPOSITORIES_0_CREDENTIALS_SECRET_KEY", "geheim",
                "PGBK_REPOSITORIES_1_URL", "file:///srv/second",
                "PGBK_REPOSITORIES_1_ENCRYPTION_KEY", "00".repeat(32),
                "PGBK_SCHEDULE_FULL", "0 0 1 ? * SUN"));
        variables.put("PGBK_SERVICE_HOST", "10.0.0.1");
        variables.put("PGBK_PORT_8432_TCP_ADDR", "10.0.0.1");
        variables.put("PGBK_JAVA_HOME", "/opt/java");
        variables.put("PGBK_RATE_LIMIT", "");

        Configuration configuration = load(SOUND, variables);

        assertThat(configuration.cluster()).isEqualTo("other");
        assertThat(configuration.repositories())
                .extracting(ConfigurationRepository::url)
                .containsExactly("s3://elsewhere/pg", "file:///srv/second");
        assertThat(configuration.settings().find("postgres.port").orElseThrow().origin())
                .isEqualTo(new Origin.Environment("PGBK_POSTGRES_PORT"));
        assertThat(configuration.settings().all().toString())
                .doesNotContain("geheim")
                .doesNotContain("00000000");
    }

    @Test
    void theEnvironmentAloneIsEnough() {
        Configuration configuration = new ConfigurationLoader(
                        directory.resolve("absent.yaml"),
                        Map.of(
                                "PGBK_CLUSTER", "main",
                                "PGBK_REPOSITORIES_0_URL", "file:///srv/pgbk",
                                "PGBK_REPOSITORIES_0_ENCRYPTION", "none"))
                .load(Optional.empty(), Optional.empty());

        assertThat(configuration.file()).isEmpty();
        assertThat(configuration.source()).isEqualTo("environment");
    }

    @Test
    void variablesHaveNamesOfTheirOwn() {
        assertThat(ConfigSchema.all()).extracting(ConfigKey::variable).doesNotHaveDuplicates();
        assertThat(ConfigSchema.key("repositories[].url").variable()).isEqualTo("PGBK_REPOSITORIES_N_URL");
    }

    @Test
    void theCommandLineIsStrongerThanFileAndEnvironment() throws IOException {
        Path file = Files.writeString(directory.resolve("pgbk.yaml"), SOUND);

        Configuration configuration = new ConfigurationLoader(file, Map.of("PGBK_CLUSTER", "environment"))
                .load(Optional.empty(), Optional.of("given"));

        assertThat(configuration.cluster()).isEqualTo("given");
    }

    @Test
    void optionThenVariableThenDefaultNamesTheFile() throws IOException {
        Path option = Files.writeString(directory.resolve("option.yaml"), SOUND.replace("main", "option"));
        Path variable = Files.writeString(directory.resolve("variable.yaml"), SOUND.replace("main", "variable"));
        Path standard = Files.writeString(directory.resolve("standard.yaml"), SOUND.replace("main", "standard"));
        ConfigurationLoader both = new ConfigurationLoader(standard, Map.of("PGBK_CONFIG", variable.toString()));

        assertThat(both.load(Optional.of(option), Optional.empty()).cluster()).isEqualTo("option");
        assertThat(both.load(Optional.empty(), Optional.empty()).cluster()).isEqualTo("variable");
        assertThat(new ConfigurationLoader(standard, Map.of())
                        .load(Optional.empty(), Optional.empty())
                        .cluster())
                .isEqualTo("standard");
    }

    @Test
    void aNamedFileMustExist() {
        assertThatThrownBy(() -> new ConfigurationLoader(directory.resolve("a"), Map.of())
                        .load(Optional.of(directory.resolve("b")), Optional.empty()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(directory.resolve("b") + " does not exist");
    }

    @Test
    void withoutAnyConfigurationTheMessageSaysWhereItWasLookedFor() {
        assertThatThrownBy(() -> new ConfigurationLoader(directory.resolve("a"), Map.of())
                        .load(Optional.empty(), Optional.empty()))
                .hasMessage("there is no configuration: " + directory.resolve("a") + " does not exist");
    }

    @Test
    void allProblemsAreToldTogetherInTheOrderOfTheFile() throws IOException {
        ConfigurationException failure = refuse("""
                clutser: main
                parallel: many
                repositories:
                  - url: http://x
                """);

        assertThat(failure.code()).isEqualTo(ErrorCode.CONFIGURATION);
        assertThat(failure.problems())
                .extracting(problem -> problem.place().replaceAll(".*yaml", "") + " " + problem.key())
                .containsExactly(
                        " cluster",
                        ":1 clutser",
                        ":2 parallel",
                        ":4 repositories[0].url",
                        ":4 repositories[0].encryption");
        assertThat(failure).hasMessageContaining("the configuration has 5 problems");
    }

    static Stream<Arguments> refusedConfigurations() {
        return Stream.of(
                // names
                refused("postgres: {prot: 1}", 1, "postgres.prot", "did you mean \"port\"?"),
                refused(
                        "postgres: {data_directory: /x}",
                        1,
                        "postgres.data_directory",
                        "did you mean \"data-directory\"?"),
                refused("shedule: {}", 1, "shedule", "did you mean \"schedule\"?"),
                refused("key-file: /x", 1, "key-file", "it belongs to repositories[].encryption"),
                refused("zzzzzzzzz: 1", 1, "zzzzzzzzz", "known here are cluster, postgres"),
                refused("schedule: {onn: leader}", 1, "schedule.onn", "did you mean \"on\"?"),
                // shape
                refused("postgres: 5", 1, "postgres", "expected a section with data-directory"),
                refused("postgres: [a]", 1, "postgres", "expected a section, found a list"),
                refused("parallel: {a: 1}", 1, "parallel", "found a section"),
                refused("parallel: [1]", 1, "parallel", "expected one value, found a list"),
                refused("parallel:", 1, "parallel", "has no value"),
                refused("parallel: ~", 1, "parallel", "has no value"),
                refused("parallel: 1\nparallel: 2", 2, "parallel", "given twice, first in line 1"),
                refused("postgres: &a {port: 1}", 1, "postgres", "anchors are not supported"),
                refused("parallel: !!binary 1", 1, "parallel", ""),
                refused("time-zone: \"UTC", 1, "", "not valid YAML"),
                refused("\tparallel: 1", 1, "", "not valid YAML"),
                // types and ranges
                refused("postgres: {port: \"5432\"}", 1, "postgres.port", "without quotes"),
                refused("postgres: {port: 0}", 1, "postgres.port", "from 1 to 65535, found \"0\""),
                refused("postgres: {port: 65536}", 1, "postgres.port", "from 1 to 65535"),
                refused("postgres: {port: 5432x}", 1, "postgres.port", "from 1 to 65535"),
                refused("parallel: 4.5", 1, "parallel", "a whole number from 1 to 64"),
                refused("parallel: 99999999999", 1, "parallel", "a whole number from 1 to 64"),
                refused("page-checksums: yes", 1, "page-checksums", "`true` or `false`, found \"yes\""),
                refused("compression: {level: 20}", 1, "compression.level", "from 1 to 19"),
                refused("compression: {type: gzip}", 1, "compression.type", "`zstd`, found \"gzip\""),
                refused("history-deadline: 20", 1, "history-deadline", "with its unit"),
                refused("history-deadline: 1d", 1, "history-deadline", "from 0d to 10min"),
                refused("rate-limit: 50MB/s", 1, "rate-limit", "bytes per second with their unit"),
                refused("buffer-memory: 31MiB", 1, "buffer-memory", "at least 32MiB"),
                refused("rate-limit: 1kB", 1, "rate-limit", "at least 64KiB"),
                refused("digest-cache: none", 1, "digest-cache", "at least 1MiB, or `off`"),
                refused("digest-cache: 1kB", 1, "digest-cache", "at least 1MiB, or `off`"),
                refused("time-zone: Europe/Berln", 1, "time-zone", "did you mean \"Europe/Berlin\"?"),
                refused("postgres: {data-directory: data}", 1, "postgres.data-directory", "an absolute path"),
                refused("postgres: {tls: of}", 1, "postgres.tls", "did you mean \"off\"?"),
                refused("schedule: {on: leadr}", 1, "schedule.on", "did you mean \"leader\"?"),
                refused("serve: {listen: localhost}", 1, "serve.listen", "a host and a port"),
                refused(
                        "serve: {job-store: \"jdbc:postgresql://h/d?password=x\"}",
                        1,
                        "serve.job-store",
                        "without a password"),
                refused("notify: {email: dba}", 1, "notify.email", "an address like"),
                refused("notify: {webhook: ftp://x}", 1, "notify.webhook", "an address like"),
                // cron
                refused("schedule: {full: \"0 1 * * *\"}", 1, "schedule.full", "Quartz cron begins with the seconds"),
                refused("schedule: {full: \"0 0 1 * * SUN\"}", 1, "schedule.full", "a ? in exactly one of"),
                refused("schedule: {full: \"0 0 24 * * ?\"}", 1, "schedule.full", "0 to 23 in the field hours"),
                refused(
                        "schedule: {full: \"0 0 1 ? * SON\"}",
                        1,
                        "schedule.full",
                        "in the field day of week, found \"SON\""),
                refused("schedule: {full: daily}", 1, "schedule.full", "six or seven fields"),
                // secrets
                refused("postgres: {password: geheim}", 1, "postgres.password", "use password-file"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusedConfigurations")
    void whatIsWrongIsRefusedWithFileAndLine(String extra, int line, String key, String message) throws IOException {
        ConfigurationException failure = refuse(extra + "\n" + SOUND);

        assertThat(failure.problems())
                .filteredOn(problem -> problem.key().equals(key))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.place()).isEqualTo(directory.resolve("pgbk.yaml") + ":" + line);
                    assertThat(problem.message()).contains(message).doesNotContain("geheim");
                });
    }

    static Stream<Arguments> refusedRepositories() {
        return Stream.of(
                refused("", 0, "encryption", "must be chosen"),
                refused("encryption: nnoe", 4, "encryption", "did you mean \"none\"?"),
                refused("encryption: {key: 00ff}", 4, "encryption.key", "use key-file"),
                refused("encryption: {keyfile: /x}", 4, "encryption.keyfile", "did you mean \"key-file\"?"),
                refused("encryption: none\n    endpoint: http://s3.example.net", 5, "endpoint", "http is refused"),
                refused("encryption: none\n    endpoint: https://h/bucket", 5, "endpoint", "has a path"),
                refused("encryption: none\n    endpoint: https://user:pw@h", 5, "endpoint", "an address like"),
                refused("encryption: none\n    endpoint: ftp://h", 5, "endpoint", "an address like"),
                refused(
                        "encryption: none\n    credentials: {access-key-file: /a}",
                        5,
                        "credentials.secret-key-file",
                        "belong together"),
                refused(
                        "encryption: none\n    credentials: {secret-key: geheim}",
                        5,
                        "credentials.secret-key",
                        "use secret-key-file"),
                refused(
                        "encryption: none\n    object-lock: {days: 3}",
                        5,
                        "object-lock",
                        "mode and days belong together"),
                refused("encryption: none\n    wal: repaired", 5, "wal", "at least one repository must be required"),
                refused("encryption: none\n    checksum-mode: md5", 5, "checksum-mode", "one of"),
                refused("encryption: none\n    storage-class: cold", 5, "storage-class", "an S3 storage class"),
                refused("encryption: none\n    timeouts: {connect: 5}", 5, "timeouts.connect", "with its unit"),
                refused("encryption: none\n    retention: {full: 0}", 5, "retention.full", "from 1"),
                refused(
                        "encryption: none\n    compact-below: 95",
                        5,
                        "compact-below",
                        "from 1 to 90, in percent, or `off`"),
                refused("encryption: none\n    name: \"a b\"", 5, "name", "a name of letters"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusedRepositories")
    void aWrongRepositoryIsRefused(String extra, int line, String key, String message) throws IOException {
        ConfigurationException failure = refuse("cluster: main\nrepositories:\n  - url: s3://backups/pg\n"
                + (extra.isEmpty() ? "" : "    " + extra + "\n"));

        assertThat(failure.problems())
                .filteredOn(problem -> problem.key().equals("repositories[0]." + key))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.message())
                            .contains(message)
                            .doesNotContain("geheim")
                            .doesNotContain("user:pw");
                    if (line > 0) {
                        assertThat(problem.place()).endsWith("pgbk.yaml:" + line);
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("loopbackEndpoints")
    void httpToThisMachineIsAllowed(String endpoint) throws IOException {
        Configuration configuration = load(SOUND + "    endpoint: \"" + endpoint + "\"\n", Map.of());

        assertThat(configuration.settings().address("repositories[0].endpoint")).isPresent();
    }

    static Stream<String> loopbackEndpoints() {
        return Stream.of("http://localhost:9000", "http://127.0.0.1:9000", "http://127.1.2.3", "http://[::1]:9000");
    }

    @ParameterizedTest
    @MethodSource("wrongUrls")
    void aWrongUrlIsRefused(String url) throws IOException {
        ConfigurationException failure = refuse(SOUND.replace("s3://backups/pg", url));

        assertThat(failure.problems()).extracting(Problem::key).containsExactly("repositories[0].url");
    }

    static Stream<String> wrongUrls() {
        return Stream.of(
                "https://backups/pg",
                "s3://",
                "s3:/backups",
                "s3://Backups/pg",
                "s3://backups//pg",
                "s3://backups/../pg",
                "s3://key:secret@backups/pg",
                "file://srv/pgbk",
                "/srv/pgbk");
    }

    @Test
    void keysForS3AreRefusedForADirectory() throws IOException {
        ConfigurationException failure =
                refuse(SOUND.replace("s3://backups/pg", "file:///srv/pgbk") + "    region: eu\n    path-style: true\n");

        assertThat(failure.problems())
                .extracting(Problem::key)
                .containsExactly("repositories[0].region", "repositories[0].path-style");
    }

    @Test
    void twoRepositoriesNeedTwoNamesAndTwoPlaces() throws IOException {
        ConfigurationException failure = refuse(SOUND + """
                  - url: s3://backups/pg
                    name: primary
                    encryption: none
                """);

        assertThat(failure.problems())
                .extracting(Problem::message)
                .containsExactlyInAnyOrder(
                        "\"primary\" is already the name of another repository",
                        "another repository has the same address");
    }

    @Test
    void encryptionCannotBeSwitchedOffByTheEnvironmentWhileTheFileNamesAKey() throws IOException {
        ConfigurationException failure = catchThrowableOfType(
                ConfigurationException.class, () -> load(SOUND, Map.of("PGBK_REPOSITORIES_0_ENCRYPTION", "none")));

        assertThat(failure.problems())
                .extracting(Problem::message)
                .containsExactly("none and a key exclude each other");
    }

    @ParameterizedTest
    @MethodSource("wrongVariables")
    void aWrongVariableIsRefused(String variable, String value, String message) throws IOException {
        assertThatThrownBy(() -> load(SOUND, Map.of(variable, value)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("environment " + variable)
                .hasMessageContaining(message)
                .hasMessageNotContaining("geheim");
    }

    static Stream<Arguments> wrongVariables() {
        return Stream.of(
                Arguments.of("PGBK_POSTGRES_PROT", "1", "did you mean PGBK_POSTGRES_PORT?"),
                Arguments.of("PGBK_REPOSITORIES_0_URI", "s3://a/b", "did you mean PGBK_REPOSITORIES_0_URL?"),
                Arguments.of("PGBK_REPOSITORIES_3_URL", "s3://backups/x", "there is no repository 2"),
                Arguments.of("PGBK_POSTGRES_PORT", "x", "a whole number"),
                Arguments.of("PGBK_POSTGRES_PASSWORD", "geheim\nzwei", "one line of text"));
    }

    @Test
    void anEmptyFileIsToldWhatIsMissing() throws IOException {
        assertThat(refuse("").problems()).extracting(Problem::key).containsExactly("cluster", "repositories");
    }

    @Test
    void aFileThatIsNotUtf8IsRefused() throws IOException {
        Files.write(directory.resolve("pgbk.yaml"), new byte[] {'a', (byte) 0xff, ':'});

        assertThatThrownBy(() -> new ConfigurationLoader(directory.resolve("pgbk.yaml"), Map.of())
                        .load(Optional.empty(), Optional.empty()))
                .hasMessageContaining("is not written in UTF-8");
    }

    @Test
    void settingsAreListedInTheOrderOfTheDocumentation() throws IOException {
        List<String> paths =
                load(SOUND + "  - url: file:///b\n    encryption: none\n", Map.of()).settings().all().stream()
                        .map(Setting::path)
                        .toList();

        assertThat(paths).startsWith("cluster", "postgres.host", "postgres.port");
        assertThat(paths.indexOf("repositories[0].wal")).isLessThan(paths.indexOf("repositories[1].url"));
        assertThat(paths.indexOf("repositories[1].wal")).isLessThan(paths.indexOf("compression.type"));
    }

    private static Arguments refused(String text, int line, String key, String message) {
        return Arguments.of(text, line, key, message);
    }

    private Configuration load(String content, Map<String, String> environment) throws IOException {
        Path file = Files.writeString(directory.resolve("pgbk.yaml"), content);
        return new ConfigurationLoader(file, environment).load(Optional.empty(), Optional.empty());
    }

    private ConfigurationException refuse(String content) {
        return catchThrowableOfType(ConfigurationException.class, () -> load(content, Map.of()));
    }
}
