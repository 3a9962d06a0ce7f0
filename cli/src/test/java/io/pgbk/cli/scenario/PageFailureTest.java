package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A page that fails its checksum on disk: the backup is taken, and the exit code warns. */
class PageFailureTest {
    private final CommandSite site = SharedSite.get();

    @Test
    void aBackupWithAPageThatFailsItsChecksumIsTakenAndEndsWithTheWarningExitCode() throws IOException {
        site.server()
                .sql(
                        "create table rotten as select x, repeat('y', 100) as t from generate_series(1, 1000) x",
                        "checkpoint");
        String relation = site.server().queryOne("select pg_relation_filepath('rotten')");
        Path file = site.server().dataDirectory().resolve(relation);
        flip(file, 8192 + 5000);
        Outcome backup;
        try {
            backup = site.run("backup", "--output", "json");
        } finally {
            flip(file, 8192 + 5000);
            site.server().sql("drop table rotten");
        }
        assertThat(backup.exit()).as(backup.toString()).isEqualTo(53);
        JsonNode json = backup.json();
        assertThat(json.at("/pageErrors/0/file").asString()).isEqualTo(relation);
        assertThat(json.at("/pageErrors/0/block").asLong()).isEqualTo(1);
        assertThat(backup.err()).contains("the backup is listed, but 1 page fails its checksum in the live cluster");
        String label = json.get("label").asString();
        assertThat(site.run("info").orFail().out()).contains(label);
        // The older, good one does not go while this is all there would be.
        assertThat(site.run("delete", SharedSite.label(), "--dry-run")
                        .failed(71)
                        .err())
                .contains("last good backup");
        site.run("delete", label, "--now").orFail();
    }

    @Test
    void anIncrementalFindsWhatAParentThatVerifiedNothingTookOverAndWhatRottedSince() throws IOException {
        site.server()
                .sql(
                        "create table rotting as select x, repeat('y', 100) as t from generate_series(1, 1000) x",
                        "checkpoint");
        String relation = site.server().queryOne("select pg_relation_filepath('rotting')");
        Path file = site.server().dataDirectory().resolve(relation);
        flip(file, 8192 + 5000);
        String unverified = label(site.runWith(
                        site.config(),
                        Map.of("PGBK_PAGE_CHECKSUMS", "false"),
                        Clock.systemUTC(),
                        "backup",
                        "--output",
                        "json")
                .orFail());

        // Not read again for a change of its own: the pages are as the parent has them.
        Outcome first = incremental();
        assertThat(blocks(first)).containsExactly(1);
        Outcome second = incremental();
        assertThat(blocks(second)).containsExactly(1);
        flip(file, 8192 + 5000);
        Outcome repaired = incremental();
        assertThat(blocks(repaired)).isEmpty();
        flip(file, 2 * 8192 + 5000);
        Outcome again = incremental();
        assertThat(blocks(again)).containsExactly(2);
        flip(file, 2 * 8192 + 5000);
        site.server().sql("drop table rotting");

        for (Outcome backup : List.of(again, repaired, second, first)) {
            site.run("delete", label(backup), "--now").orFail();
        }
        site.run("delete", unverified, "--now").orFail();
    }

    @Test
    void aWrongPageOfAFreeSpaceMapIsAWarningOfEachBackup() throws IOException {
        site.server()
                .sql(
                        "create table spacious with (autovacuum_enabled = false)"
                                + " as select x, repeat('y', 100) as t from generate_series(1, 10000) x",
                        "delete from spacious where x % 3 = 0",
                        "vacuum spacious",
                        "checkpoint");
        String map = site.server().queryOne("select pg_relation_filepath('spacious')") + "_fsm";
        Path file = site.server().dataDirectory().resolve(map);
        flip(file, 5000);
        Outcome full = site.run("backup", "--output", "json").orFail();
        Outcome incremental = incremental();
        flip(file, 5000);
        site.server().sql("drop table spacious");

        assertThat(full.err()).contains("of the free space map '" + map + "' fails its checksum");
        assertThat(incremental.err()).contains("of the free space map '" + map + "' fails its checksum");
        assertThat(blocks(incremental)).isEmpty();
        site.run("delete", label(incremental), "--now").orFail();
        site.run("delete", label(full), "--now").orFail();
    }

    private Outcome incremental() {
        Outcome backup = site.run("backup", "--type", "incr", "--output", "json");
        assertThat(backup.exit()).as(backup.toString()).isIn(0, 53);
        assertThat(backup.json().get("type").asString()).isEqualTo("incremental");
        return backup;
    }

    private static String label(Outcome backup) {
        return backup.json().get("label").asString();
    }

    private static List<Integer> blocks(Outcome backup) {
        List<Integer> blocks = new ArrayList<>();
        backup.json()
                .get("pageErrors")
                .forEach(error -> blocks.add(error.get("block").asInt()));
        return blocks;
    }

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile handle = new RandomAccessFile(file.toFile(), "rw")) {
            handle.seek(position);
            int value = handle.read();
            handle.seek(position);
            handle.write(value ^ 1);
        }
    }
}
