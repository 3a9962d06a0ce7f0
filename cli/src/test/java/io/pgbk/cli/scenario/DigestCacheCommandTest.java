package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Backups with a spool directory fetch no page digests that this host had once, and are the same without it. */
class DigestCacheCommandTest {
    private static final String CONTENT =
            "select count(*) || ' ' || sum(x) || ' ' || md5(string_agg(note, ',' order by x)) from wide";

    @SuppressWarnings("NullAway.Init")
    private static CommandSite site;

    @BeforeAll
    static void start() {
        site = CommandSite.start(15);
        site.run("init").orFail();
        site.server()
                .sql(
                        "create table wide as select x, repeat(md5(x::text), 20) as note from generate_series(1, 20000) x");
    }

    @AfterAll
    static void stop() {
        site.close();
    }

    /** Of the user who takes the backups: in these tests that is the one who runs them. */
    private static Path spool(String name) throws IOException {
        return Files.createDirectory(site.directory().resolve(name));
    }

    private static Path config(String name, Path spool, String more) throws IOException {
        return site.write(name, Files.readString(site.config()) + "spool-directory: " + spool + "\n" + more);
    }

    /** Changes rows all over the table and takes a backup. */
    private static JsonNode changedBackup(Path config, String type) {
        change();
        return backup(config, type);
    }

    private static void change() {
        site.server().sql("update wide set note = md5(note) || substr(note, 33) where x % 500 = 0");
    }

    private static JsonNode backup(Path config, String type) {
        return site.runWith(config, "backup", "--type", type, "--output", "json")
                .orFail()
                .json();
    }

    private static List<Path> cached(Path spool) throws IOException {
        try (Stream<Path> all = Files.walk(spool)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    private static long fetched(JsonNode backup) {
        return backup.at("/packIndexes/fetched").asLong(-1);
    }

    private static long found(JsonNode backup) {
        return backup.at("/packIndexes/cached").asLong(-1);
    }

    @Test
    void aChainFetchesNoPageDigestsThatItsHostHadAndIsRestoredAsItWas() throws IOException {
        Path spool = spool("spool");
        Path config = config("spool.yaml", spool, "");
        JsonNode full = backup(config, "full");
        assertThat(full.get("type").asString()).isEqualTo("full");
        assertThat(full.get("packIndexes").isNull()).isTrue();
        assertThat(cached(spool)).isNotEmpty();

        JsonNode first = changedBackup(config, "incr");
        assertThat(first.get("type").asString()).isEqualTo("incremental");
        assertThat(found(first)).isPositive();
        assertThat(fetched(first)).isZero();
        JsonNode second = changedBackup(config, "incr");
        assertThat(found(second)).isPositive();
        assertThat(fetched(second)).isZero();

        // Anybody may remove what is there, at any time.
        AsPostgres.deleteTree(spool.resolve("digests"));
        JsonNode third = changedBackup(config, "incr");
        assertThat(found(third)).isZero();
        assertThat(fetched(third)).isPositive();
        for (Path file : cached(spool)) {
            Files.write(file, new byte[] {1, 2, 3});
        }
        Outcome damaged = incremental(config);
        assertThat(fetched(damaged.json())).isPositive();
        assertThat(found(damaged.json())).isZero();
        assertThat(damaged.err()).doesNotContain("taken over");
        JsonNode last = changedBackup(config, "diff");
        assertThat(fetched(last) + found(last)).isPositive();

        String live = site.server().queryOne(CONTENT);
        site.archiveEverything();
        try (PostgresServer copy = RestoredCopy.start(site, config, 15, "restored")) {
            assertThat(copy.queryOne(CONTENT)).isEqualTo(live);
        }
        assertThat(site.runWith(config, "verify").orFail().out()).contains("sound");
    }

    private static Outcome incremental(Path config) {
        change();
        return site.runWith(config, "backup", "--type", "incr", "--output", "json")
                .orFail();
    }

    @Test
    void aBackupRemovesWhatItDoesNotUseOfItsOwnClusterAndRepositoryAlone() throws IOException {
        Path spool = spool("shared");
        AsPostgres.createDirectory(site.directory().resolve("second"));
        Path config = site.write(
                "shared.yaml",
                Files.readString(site.configure(
                                "two.yaml",
                                site.repository("primary", "repository"),
                                site.repository("second", "second")))
                        + "spool-directory: " + spool + "\n");
        site.runWith(config, "init").orFail();
        site.archiveWith(config);
        try {
            site.runWith(config, "backup", "--repository", "second").orFail();
            List<Path> seconds = cached(spool);
            backup(config, "full");
            List<Path> old = new ArrayList<>(cached(spool));
            assertThat(old).containsAll(seconds).hasSizeGreaterThan(seconds.size());
            old.removeAll(seconds);
            // Of a backup that was not committed.
            Path left = Files.writeString(old.getFirst().resolveSibling("0".repeat(64)), "of a backup that was killed");

            assertThat(found(changedBackup(config, "incr"))).isPositive();
            assertThat(left).doesNotExist();
            assertThat(cached(spool)).containsAnyElementsOf(old).containsAll(seconds);
            backup(config, "full");

            assertThat(cached(spool))
                    .containsAll(seconds)
                    .doesNotContainAnyElementsOf(old)
                    .hasSizeGreaterThan(seconds.size());
        } finally {
            site.archiveOnlyWith(site.config());
        }
    }

    @Test
    void switchedOffOrWithoutASpoolDirectoryNothingIsKept() throws IOException {
        Path spool = spool("unused");
        Path off = config("off.yaml", spool, "digest-cache: off\n");
        backup(off, "full");
        assertThat(fetched(changedBackup(off, "incr"))).isPositive();
        assertThat(cached(spool)).isEmpty();

        Path absent = site.directory().resolve("absent");
        Outcome without = incremental(config("absent.yaml", absent, ""));
        assertThat(fetched(without.json())).isPositive();
        assertThat(without.err()).doesNotContain("taken over");
        assertThat(absent).doesNotExist();
    }

    @Test
    void switchingItOffRemovesWithTheNextBackupWhatWasKept() throws IOException {
        Path spool = spool("later-off");
        backup(config("on.yaml", spool, ""), "full");
        assertThat(cached(spool)).isNotEmpty();

        assertThat(fetched(changedBackup(config("later-off.yaml", spool, "digest-cache: off\n"), "incr")))
                .isPositive();

        assertThat(cached(spool)).isEmpty();
    }

    @Test
    void aSpoolDirectoryThatCannotBeUsedIsSaidInTheDetailsAlone() throws IOException {
        Path spool = spool("in-the-way");
        Path inTheWay = Files.createFile(spool.resolve("digests"));
        Path config = config("in-the-way.yaml", spool, "");

        assertThat(site.runWith(config, "backup").orFail().err()).doesNotContain("digests");
        assertThat(site.runWith(config, "backup", "-v").orFail().err())
                .contains("page digests are not kept on this host: " + inTheWay + ": it is no directory");
        assertThat(inTheWay).isEmptyFile();
    }

    @Test
    void aBackupThatFailsLeavesNothingInTheSpoolDirectory() throws IOException {
        Path spool = spool("untouched");
        Path config = config("untouched.yaml", spool, "");

        Outcome refused = site.runWith(config, "backup", "--standby");
        assertThat(refused.exit()).isNotZero();
        assertThat(spool).isEmptyDirectory();
    }
}
