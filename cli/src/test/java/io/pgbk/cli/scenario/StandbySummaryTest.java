package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Incremental backups of a standby that summarises WAL itself: from a parent of the primary, from one of its own, and
 * when it was promoted; each read back by a real restore.
 */
class StandbySummaryTest {
    private static final String BIG = "select md5(string_agg(i || t, ',' order by i)) from big";
    private static final String MANY = "select count(*) || md5(string_agg(i || t, ',' order by i)) from many";
    private static final long BIG_BYTES = 8 << 20;

    @Test
    void anIncrementalFromAStandbyReadsOnlyWhatItsSummariesListAndRestoresTheSame() {
        try (CommandSite site = CommandSite.start(PostgresServer.builder(18)
                .withChecksums(false)
                .withSetting("autovacuum", "off")
                .withSetting("summarize_wal", "on"))) {
            PostgresServer primary = site.server();
            site.run("init").orFail();
            primary.sql(
                    "create table big as select i, md5(i::text) || repeat('x', 400) as t from generate_series(1, 20000) i",
                    "create index on big (i)",
                    "create table many as select i, md5(i::text) as t from generate_series(1, 5000) i",
                    "vacuum freeze big",
                    "checkpoint");
            String full = site.run("backup", "--output", "json")
                    .orFail()
                    .json()
                    .get("label")
                    .asString();
            try (PostgresServer standby = primary.createStandby()) {
                standby.start();
                Path config = site.configure(standby, "standby.yaml", site.repository("primary", "repository"));
                primary.sql(
                        "update big set t = 'changed' where i = 4711",
                        "update many set t = 'changed' where i % 3 = 0",
                        "create table added as select i from generate_series(1, 1000) i",
                        "checkpoint");
                replayedAndWritten(standby, primary);
                // Hint bits that only the standby has: its own, and of rows that the primary has not looked at.
                assertThat(standby.queryOne("select count(*)::text from many where t = 'changed'"))
                        .isEqualTo("1666");
                standby.sql("checkpoint");

                JsonNode first = backup(site, config);
                assertThat(first.get("parent").asString()).isEqualTo(full);
                assertSummariesUsed(first);
                primary.sql("delete from many where i > 4000", "update big set t = 'again' where i = 42", "checkpoint");
                replayedAndWritten(standby, primary);
                JsonNode second = backup(site, config);
                assertThat(second.get("parent").asString())
                        .isEqualTo(first.get("label").asString());
                assertSummariesUsed(second);
                site.archiveEverything();
                assertRestored(site, primary, "restored-standby", second);

                replayedAndWritten(standby, primary);
                standby.promote();
                site.archiveAlso(standby, config);
                standby.sql(
                        "update big set t = 'promoted' where i = 43", "delete from many where i < 100", "checkpoint");
                JsonNode third = site.runWith(config, "backup", "--type", "incr", "--output", "json")
                        .orFail()
                        .json();
                assertThat(third.get("timeline").asInt()).isEqualTo(2);
                assertThat(third.get("parent").asString())
                        .isEqualTo(second.get("label").asString());
                assertSummariesUsed(third);
                assertRestored(site, standby, "restored-promoted", third);
            }
        }
    }

    /** The standby has replayed everything, and its files are as new as a checkpoint of the primary. */
    private static void replayedAndWritten(PostgresServer standby, PostgresServer primary) {
        standby.awaitCaughtUp(primary);
        standby.sql("checkpoint");
    }

    /** A backup of a standby ends when the primary has archived its last segment: an idle one must be told to. */
    private static JsonNode backup(CommandSite site, Path config) {
        CompletableFuture<Outcome> backup = CompletableFuture.supplyAsync(
                () -> site.runWith(config, "backup", "--standby", "--type", "incr", "--output", "json"));
        while (!backup.isDone()) {
            site.archiveEverything();
        }
        return backup.join().orFail().json();
    }

    private static void assertSummariesUsed(JsonNode backup) {
        JsonNode summaries = backup.get("walSummaries");
        assertThat(backup.get("type").asString()).isEqualTo("incremental");
        assertThat(summaries.get("reason").isNull()).as(backup.toString()).isTrue();
        assertThat(summaries.get("disagreement").isNull()).as(backup.toString()).isTrue();
        assertThat(summaries.get("skippedBytes").asLong()).as(backup.toString()).isGreaterThan(BIG_BYTES / 2);
    }

    private static void assertRestored(CommandSite site, PostgresServer expected, String name, JsonNode backup) {
        try (PostgresServer copy = RestoredCopy.start(
                site, site.config(), 18, name, "--backup", backup.get("label").asString(), "--target-immediate")) {
            assertThat(copy.queryOne(BIG)).isEqualTo(expected.queryOne(BIG));
            assertThat(copy.queryOne(MANY)).isEqualTo(expected.queryOne(MANY));
            assertThat(copy.queryOne("select count(*)::text from added")).isEqualTo("1000");
        }
    }
}
