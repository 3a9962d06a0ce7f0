package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.S3Endpoint;
import io.pgbk.testkit.S3ProxyServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A real server archives to a directory and to an S3 store with {@code wal: repaired} that is away for a while. */
class RepairedRepositoryTest {
    private static final String BUCKET = "far";
    private static final AtomicReference<Fault> FAULT = new AtomicReference<>(new Fault.None());

    @SuppressWarnings("NullAway.Init")
    private static CommandSite site;

    @SuppressWarnings("NullAway.Init")
    private static S3ProxyServer store;

    @SuppressWarnings("NullAway.Init")
    private static FaultProxy proxy;

    @SuppressWarnings("NullAway.Init")
    private static String near;

    @SuppressWarnings("NullAway.Init")
    private static String far;

    @BeforeAll
    static void start() {
        site = CommandSite.start(15);
        store = S3ProxyServer.start(AsPostgres.createDirectory(site.directory().resolve("store")), BUCKET);
        proxy = FaultProxy.start(store.endpoint(BUCKET).url(), _ -> FAULT.get());
        AsPostgres.createDirectory(site.directory().resolve("spool"));
        AsPostgres.createDirectory(site.directory().resolve("near"));
        near = site.repository("near", "near");
        far = far();
    }

    @AfterAll
    static void stop() {
        FAULT.set(new Fault.None());
        proxy.close();
        store.close();
        site.close();
    }

    private static String far() {
        S3Endpoint endpoint = store.endpoint(BUCKET);
        return """
                  - name: far
                    url: s3://far/pg
                    endpoint: %s
                    region: %s
                    path-style: true
                    wal: repaired
                    retries: 1
                    credentials: {access-key-file: %s, secret-key-file: %s}
                    encryption: {key-file: %s}
                """.formatted(
                        proxy.url(),
                        endpoint.region(),
                        site.secret("access", endpoint.accessKey()),
                        site.secret("secret", endpoint.secretKey()),
                        site.secret("far-key", "9".repeat(64)))
                .indent(2)
                .replaceAll("(?m)^    ", "  ");
    }

    private static Path configure(String name, String... repositories) throws IOException {
        return site.write(
                name,
                Files.readString(site.configure(name, repositories)) + "spool-directory: "
                        + site.directory().resolve("spool") + "\n");
    }

    private static JsonNode lag(Path both) {
        return site.runWith(both, "info", "--output", "json").orFail().json().at("/repositories/1/lag");
    }

    private static JsonNode check(Outcome outcome, String name) {
        for (JsonNode check : outcome.json().get("checks")) {
            if (check.get("name").asString().equals(name)) {
                return check;
            }
        }
        throw new AssertionError("no check " + name + " in " + outcome);
    }

    /** The names in pg_wal form that a repository has. */
    private static Set<String> segments(Path config, String repository) {
        Set<String> names = new TreeSet<>();
        for (JsonNode file : site.runWith(
                        config, "wal", "list", "--timeline", "1", "--repository", repository, "--output", "json")
                .orFail()
                .json()
                .get("files")) {
            names.add(file.get("name").asString());
        }
        return names;
    }

    @Test
    void hazardTheOtherStoreHangsForAWhileArchivingGoesOnAndWhatItMissedIsShownAndFilled() throws IOException {
        Path both = configure("both.yaml", near, far);
        Path farFirst = configure("far-first.yaml", far, near);
        site.runWith(both, "init").orFail();
        site.archiveWith(both);
        site.archiveOnlyWith(both);
        site.archiveEverything();
        site.runWith(both, "backup").orFail();
        site.archiveEverything();
        // A machine that is busy may have been too slow for the pushes.
        backfill(both);
        assertThat(lag(both).get("segments").asInt()).isZero();
        assertThat(lag(both).get("behind").asString()).isEqualTo("near");

        FAULT.set(new Fault.Hang());
        // More than one waits, so that PostgreSQL's patience is not tried.
        String missed = site.server().switchWal();
        for (int i = 0; i < 3; i++) {
            site.server().sql("create table hung" + i + " as select 1 as x");
            site.server().switchWal();
        }
        site.archiveEverything();
        FAULT.set(new Fault.Reset());
        Outcome down = site.runWith(both, "check", "--output", "json");
        assertThat(down.exit()).isEqualTo(1);
        assertThat(check(down, "repository near, archiving").get("ok").asBoolean())
                .isTrue();
        assertThat(check(down, "repository far").get("ok").asBoolean()).isFalse();
        Path destination = site.directory().resolve("fetched");
        assertThat(fetch(farFirst, missed, destination)).as("near has it").isZero();
        assertThat(fetch(farFirst, "0000000100000000000000F0", destination))
                .as("one that does not answer is no absence")
                .isNotIn(0, 1);

        FAULT.set(new Fault.None());
        JsonNode lag = lag(both);
        assertThat(lag.get("segments").asInt()).isGreaterThanOrEqualTo(4);
        assertThat(lag.get("bytes").asLong()).isEqualTo(lag.get("segments").asLong() * (1 << 20));
        assertThat(lag.get("firstMissing").asString()).isEqualTo(missed);
        assertThat(lag.get("since").isNull()).isFalse();
        assertThat(site.runWith(both, "info").orFail().out())
                .contains("wal: repaired; it lacks ")
                .contains("from " + missed + " on that repository near has");
        // The one that is behind is asked first, and is not believed that the file is nowhere.
        assertThat(fetch(farFirst, missed, destination)).isZero();
        // Of this one alone: else check would switch WAL, and that push would fill it already.
        Outcome soon = site.runWith(both, "check", "--repository", "far", "--output", "json")
                .orFail();
        assertThat(check(soon, "repository far, lag").get("message").asString()).contains("it lacks ");
        Outcome late = site.runWith(
                both,
                Map.of(),
                Clock.offset(Clock.systemUTC(), Duration.ofHours(2)),
                "check",
                "--repository",
                "far",
                "--output",
                "json");
        assertThat(late.exit()).isEqualTo(1);
        assertThat(check(late, "repository far, lag").get("hint").asString()).contains("wal backfill --to far");

        JsonNode dry = backfill(both, "--dry-run");
        assertThat(dry.at("/fills/0/lag/segments").asInt()).isGreaterThanOrEqualTo(4);
        assertThat(dry.at("/fills/0/gaps/0/from").asString()).isEqualTo(missed);
        assertThat(segments(both, "far")).doesNotContain(missed);
        JsonNode filled = backfill(both);
        assertThat(filled.at("/fills/0/files").asInt()).isGreaterThanOrEqualTo(4);
        assertThat(filled.at("/fills/0/failures")).isEmpty();
        assertThat(segments(both, "far")).containsAll(segments(both, "near"));
        assertThat(backfill(both, "--compare").at("/fills/0/files").asInt()).isZero();
        assertThat(lag(both).get("segments").asInt()).isZero();
        assertThat(site.runWith(both, "wal", "backfill").orFail().out())
                .contains("repository far: it has all WAL that repository near has");
        assertThat(site.runWith(both, "wal", "backfill", "--to", "near")
                        .failed(2)
                        .err())
                .contains("--from NAME");
    }

    private static int fetch(Path config, String name, Path destination) {
        return site.runWith(config, "archive-get", name, destination.toString()).exit();
    }

    private static JsonNode backfill(Path config, String... more) {
        List<String> all = new java.util.ArrayList<>(List.of("wal", "backfill", "--output", "json"));
        all.addAll(List.of(more));
        return site.runWith(config, all.toArray(String[]::new)).orFail().json();
    }
}
