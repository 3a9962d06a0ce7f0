package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
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

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile handle = new RandomAccessFile(file.toFile(), "rw")) {
            handle.seek(position);
            int value = handle.read();
            handle.seek(position);
            handle.write(value ^ 1);
        }
    }
}
