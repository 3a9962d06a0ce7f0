package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** retention and expire from their arguments to what is left of a repository. */
class ExpireTest {
    private static final String TIMELINE = "/repositories/0/incarnations/0/timelines/0";

    private final CommandSite site = SharedSite.get();
    private final String label = SharedSite.label();

    private Path configure(String name, String retention) {
        return site.configure(
                name,
                site.repository("primary", "expire")
                        + (retention.isEmpty() ? "" : "    retention: " + retention + "\n"));
    }

    private JsonNode json(Path config, String... command) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--output", "json"));
        return site.runWith(config, all.toArray(String[]::new)).orFail().json();
    }

    @Test
    void expireRefusesUntilThePolicyIsInTheRepositoryAndThenDoesWhatItsDryRunSaid() throws Exception {
        site.copyRepository("expire");
        Path config = configure("expire.yaml", "{full: 1, grace: 0d}");
        Path older = configure("expire-older.yaml", "{full: 2, weekly: 3}");

        assertThat(site.runWith(config, "expire").failed(71).err())
                .contains("has no retention policy")
                .contains("pgbk retention set");
        assertThat(site.runWith(config, "retention", "show").orFail().out())
                .contains("no policy: nothing expires")
                .contains("full: 1, grace: 0d");
        JsonNode set = json(config, "retention", "set");
        assertThat(set.get("changed").asBoolean()).isTrue();
        assertThat(set.at("/plan/keep/0/label").asString()).isEqualTo(label);
        assertThat(json(config, "retention", "set").get("changed").asBoolean()).isFalse();
        JsonNode shown = json(older, "retention", "show");
        assertThat(shown.get("same").asBoolean()).isFalse();
        assertThat(shown.at("/stored/rules/full").asInt()).isEqualTo(1);
        assertThat(shown.at("/configured/weekly").asInt()).isEqualTo(3);
        assertThat(site.runWith(older, "expire").failed(71).err())
                .contains("full: 1 in the repository, 2 in the configuration")
                .contains("weekly: none in the repository, 3 in the configuration")
                .contains("grace: 0d in the repository, 7d in the configuration");

        String newer = backup(config);
        site.runWith(config, "pin", label, "--reason", "audit").orFail();
        JsonNode pinned = json(config, "expire");
        assertThat(pinned.at("/keep/0/reasons/0").asString()).isEqualTo("pinned");
        assertThat(pinned.get("remove")).isEmpty();
        site.runWith(config, "unpin", label).orFail();

        assertThat(site.runWith(config, "expire", "--dry-run").orFail().out())
                .containsPattern("keep +" + newer + " +the last good backup of incarnation 1; one of the 1 newest")
                .containsPattern("would remove +" + label + " +no rule keeps it")
                .contains("would free");
        JsonNode dry = json(config, "expire", "--dry-run");
        assertThat(dry.at("/remove/0/label").asString()).isEqualTo(label);
        assertThat(dry.get("bytesFreed").asLong()).isPositive();
        assertThat(dry.at("/compaction/below").asInt()).isEqualTo(25);
        assertThat(dry.at("/compaction/emptied")).isEmpty();
        List<JsonNode> done = twoAtOnce(config);

        JsonNode first = done.getFirst();
        for (String member : List.of("keep", "remove", "walKeptFrom")) {
            assertThat(first.get(member)).as(member).isEqualTo(dry.get(member));
        }
        assertThat(first.at("/gone/0/label").asString()).isEqualTo(label);
        assertThat(first.get("bytesFreed").asLong())
                .isGreaterThanOrEqualTo(dry.get("bytesFreed").asLong());
        assertThat(done.getLast().get("remove")).isEmpty();
        assertThat(site.runWith(config, "info").orFail().out()).contains(newer).doesNotContain(label);
        assertThat(site.runWith(config, "verify").orFail().out()).contains("sound");
    }

    @Test
    void aFullThatOnlyAPinnedIncrementalUsesALittleOfIsEmptiedAndGoesAndTheIncrementalIsRestored() {
        site.copyRepository("compact");
        Path config = site.configure(
                "compact.yaml",
                site.repository("primary", "compact") + "    retention: {full: 1, grace: 0d}\n    compact-below: 60\n");
        json(config, "retention", "set");
        site.server()
                .sql(
                        "create table bulk as select md5(x::text) || md5((-x)::text) as t from generate_series(1, 200000) x");
        String full = backup(config, "full");
        site.server().sql("drop table bulk", "create table kept as select x from generate_series(1, 500) x");
        String first = backup(config, "incr");
        site.server().sql("insert into kept select x from generate_series(1, 500) x");
        String second = backup(config, "incr");
        archiveTwice(config);
        String newest = backup(config, "full");
        site.runWith(config, "pin", second, "--reason", "audit").orFail();

        assertThat(site.runWith(config, "expire", "--dry-run").orFail().out())
                .containsPattern("would remove +" + full + " +no rule keeps it")
                .containsPattern("would empty " + full + ": of .* are used by " + first
                        + " and 1 other and would be stored anew");
        JsonNode dry = json(config, "expire", "--dry-run");
        assertThat(json(config, "info").at(TIMELINE + "/removed")).isEmpty();
        JsonNode done = json(config, "expire");

        for (String member : List.of("keep", "remove", "walKeptFrom")) {
            assertThat(done.get(member)).as(member).isEqualTo(dry.get(member));
        }
        assertThat(done.at("/compaction/emptied")).isEqualTo(dry.at("/compaction/emptied"));
        assertThat(done.at("/compaction/emptied/0/label").asString()).isEqualTo(full);
        assertThat(done.at("/compaction/storedBytes").asLong()).isPositive();
        assertThat(done.at("/gone"))
                .extracting(gone -> gone.get("label").asString())
                .contains(full);
        JsonNode info = json(config, "info");
        assertThat(info.at(TIMELINE + "/gaps")).isEmpty();
        String hole = info.at(TIMELINE + "/removed/0/from").asString();
        assertThat(hole).isNotEmpty();
        assertThat(site.runWith(config, "info").orFail().out()).contains("none; removed by expire: " + hole);
        assertThat(site.runWith(config, "wal", "list").orFail().out()).contains("none; removed by expire: " + hole);
        assertThat(info.at("/repositories/0/incarnations/0/backups"))
                .extracting(backup -> backup.get("label").asString())
                .containsExactly(first, second, newest);
        assertThat(site.runWith(config, "verify").orFail().out()).contains("sound");
        Path target = site.directory().resolve("restored-compact");
        site.runWith(config, "restore", "--backup", second, "--target-immediate", "--data-directory", target.toString())
                .orFail();
        assertThat(target.resolve("PG_VERSION")).exists();
    }

    private void archiveTwice(Path config) {
        site.archiveWith(config);
        try {
            site.archiveEverything();
            site.archiveEverything();
        } finally {
            site.archiveOnlyWith(site.config());
        }
    }

    private String backup(Path config) {
        return backup(config, "full");
    }

    private String backup(Path config, String type) {
        site.archiveWith(config);
        try {
            return json(config, "backup", "--type", type).get("label").asString();
        } finally {
            site.archiveOnlyWith(site.config());
        }
    }

    /** The answers, that of the run that came first at the front. */
    private List<JsonNode> twoAtOnce(Path config) throws InterruptedException, ExecutionException {
        try (ExecutorService both = Executors.newFixedThreadPool(2)) {
            Future<JsonNode> left = both.submit(() -> json(config, "expire"));
            Future<JsonNode> right = both.submit(() -> json(config, "expire"));
            return left.get().get("remove").isEmpty()
                    ? List.of(right.get(), left.get())
                    : List.of(left.get(), right.get());
        }
    }
}
