package io.pgbk.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Configuration files and variables, damaged and hostile: whatever is wrong is told, and nothing fails otherwise. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConfigurationFuzzTest implements FuzzTargets {
    private static final String FILE = """
            cluster: main
            postgres:
              data-directory: /srv/data   # a comment
              host: "/run"
              port: 5432
            repositories:
              - name: primary
                url: s3://backups/pg
                endpoint: 'https://s3.example.net'
                path-style: true
                credentials: {access-key-file: /etc/a, secret-key-file: /etc/s}
                encryption: {key-file: /etc/pgbk/key}
                retention: {full: 3, window: 14d}
                timeouts: {connect: 5s, request: 1m}
              - url: file:///srv/pgbk
                wal: repaired
                encryption: none
            compression: {type: zstd, level: 3}
            parallel: 4
            rate-limit: 100MiB
            time-zone: Europe/Berlin
            schedule:
              full: "0 0 1 ? * SUN"
            history-deadline: 20s
            """;
    private static final String VARIABLES = """
            PGBK_CLUSTER=main
            PGBK_POSTGRES_PORT=5432
            PGBK_REPOSITORIES_0_URL=s3://backups/pg
            PGBK_REPOSITORIES_0_ENCRYPTION=none
            PGBK_REPOSITORIES_0_RETENTION_WINDOW=14d
            PGBK_REPOSITORIES_12_URL=file:///srv
            PGBK_RATE_LIMIT=5MiB
            """;

    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                FuzzTarget.of("yaml", () -> texts(FILE), ConfigurationFuzzTest::file)
                        .withMaxInputBytes(4 << 10),
                FuzzTarget.of("environment", () -> texts(VARIABLES), ConfigurationFuzzTest::variables)
                        .withMaxInputBytes(4 << 10));
    }

    private static List<byte[]> texts(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static void file(byte[] input) {
        check(new String(input, StandardCharsets.UTF_8), Map.of());
    }

    private static void variables(byte[] input) {
        Map<String, String> environment = new HashMap<>();
        new String(input, StandardCharsets.UTF_8).lines().forEach(line -> {
            int equals = line.indexOf('=');
            if (equals > 0) {
                environment.put(line.substring(0, equals), line.substring(equals + 1));
            }
        });
        check("", environment);
    }

    private static void check(String file, Map<String, String> environment) {
        List<Problem> problems = new ArrayList<>();
        Settings settings = SettingsReader.read(
                YamlSource.read("pgbk.yaml", file, problems), "pgbk.yaml", environment, new TreeMap<>(), problems);
        ConfigurationCheck.check(settings, "pgbk.yaml", problems);
        assertThat(problems).allSatisfy(problem -> {
            assertThat(problem.message()).isNotBlank().hasSizeLessThan(4000);
            assertThat(problem.place()).isNotBlank();
        });
    }
}
