package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** With two repositories one that fails is told about, and the other one helps. */
class TwoRepositoriesTest {
    private final CommandSite site = SharedSite.get();
    private final String label = SharedSite.label();

    private Path two(String name, boolean copyFirst) {
        if (copyFirst) {
            site.copyRepository(name + "-near");
        }
        site.copyRepository(name + "-far");
        return site.configure(
                name + ".yaml", site.repository("near", name + "-near"), site.repository("far", name + "-far"));
    }

    @Test
    void aRestoreTakesTheSecondRepositoryWhenTheFirstIsNotThereAndSaysWhy() {
        Path config = two("gone", false);
        Path target = site.directory().resolve("restored-gone");

        JsonNode plan = site.runWith(
                        config, "restore", "--data-directory", target.toString(), "--dry-run", "--output", "json")
                .orFail()
                .json();
        assertThat(plan.get("repository").asString()).isEqualTo("far");
        assertThat(target).doesNotExist();
        Outcome restored = site.runWith(config, "restore", "--data-directory", target.toString())
                .orFail();
        assertThat(restored.err())
                .contains("warning: repository near cannot be used for this restore, trying the next one")
                .contains("does not exist")
                .contains("warning: PostgreSQL's recovery asks repository near as well");
        assertThat(restored.out()).contains("restored " + label + " from repository far");
        assertThat(target.resolve("global/pg_control")).exists();

        assertThat(site.runWith(config, "restore", "--repository", "near", "--data-directory", "/tmp/pgbk-none")
                        .failed(10)
                        .err())
                .contains("does not exist");
    }

    @Test
    void aRestoreSaysWhichRepositoriesThatItDidNotReadTheRecoveryWillAsk() throws IOException {
        Path config = two("unread", true);
        AsPostgres.deleteTree(site.directory().resolve("unread-far"));

        Outcome last = site.runWith(config, "restore", "--data-directory", "/tmp/pgbk-none", "--dry-run")
                .orFail();
        assertThat(last.err())
                .as("the last one is asked for the newest timeline, and nothing was said when it did not answer")
                .contains("warning: PostgreSQL's recovery asks repository far as well, which cannot be used now")
                .contains("does not exist")
                .contains("take it out of the configuration");

        Outcome chosen = site.runWith(
                        config, "restore", "--repository", "near", "--data-directory", "/tmp/pgbk-none", "--dry-run")
                .orFail();
        assertThat(chosen.err())
                .contains("warning: PostgreSQL's recovery asks repository far as well, which was not looked at");

        Path sound = two("both-read", true);
        assertThat(site.runWith(sound, "restore", "--data-directory", "/tmp/pgbk-none", "--dry-run")
                        .orFail()
                        .err())
                .doesNotContain("recovery asks");
    }

    @Test
    void aRestoreGoesOnFromTheSecondRepositoryWhenTheFirstTurnsOutToBeDamaged() throws IOException {
        Path config = two("damaged", true);
        damageAPack(site.directory().resolve("damaged-near"));
        Path target = site.directory().resolve("restored-damaged");
        Path expected = site.directory().resolve("restored-sound");

        Outcome restored = site.runWith(config, "restore", "--data-directory", target.toString())
                .orFail();

        assertThat(restored.err()).contains("going on from repository far with backup " + label);
        site.runWith(config, "restore", "--repository", "far", "--data-directory", expected.toString())
                .orFail();
        assertThat(contents(target)).isEqualTo(contents(expected));
        assertThat(site.runWith(config, "restore", "--repository", "near", "--data-directory", target + "-2")
                        .failed(40)
                        .err())
                .contains("packs/");
    }

    @Test
    void forTheEndOfTheArchiveTheRepositoryCountsThatKnowsTheNewestTimeline() throws IOException {
        Path config = two("stale", true);
        Path host = AsPostgres.createDirectory(site.directory().resolve("promoted/pg_wal"));
        Files.createSymbolicLink(
                host.resolveSibling("global"), site.server().dataDirectory().resolve("global"));
        String end = site.run("info", "--output", "json")
                .json()
                .at("/repositories/0/incarnations/0/backups/0/stopLsn")
                .asString();
        Path history =
                Files.writeString(host.resolve("00000002.history"), "1\t" + end + "\tno recovery target specified\n");
        Path far = site.configure("stale-far.yaml", site.repository("far", "stale-far"));
        site.runWith(far, "archive-push", history.toString()).orFail();

        Outcome plan = site.runWith(
                        config, "restore", "--data-directory", "/tmp/pgbk-none", "--dry-run", "--output", "json")
                .orFail();

        assertThat(plan.json().get("repository").asString()).isEqualTo("far");
        assertThat(plan.json().get("timeline").asInt()).isEqualTo(2);
        assertThat(plan.err()).contains("repository near knows the cluster up to timeline 1 only");
    }

    @Test
    void whenNoRepositoryCanRestoreEachSaysWhy() {
        Path config = two("none", false);

        Outcome refused = site.runWith(
                        config,
                        "restore",
                        "--backup",
                        "20200101T000000Z-abcd-full",
                        "--data-directory",
                        "/tmp/pgbk-none")
                .failed(10);

        assertThat(refused.err())
                .contains("repository near: directory")
                .contains("repository far: ")
                .contains("20200101T000000Z-abcd-full");
    }

    @Test
    void infoShowsTheRepositoryThatAnswersAndFailsForTheOtherOne() {
        Path config = two("info", false);

        Outcome text = site.runWith(config, "info").failed(10);
        assertThat(text.out())
                .contains("in repository near")
                .contains("NOT KNOWN")
                .contains(label);
        JsonNode json =
                site.runWith(config, "info", "--output", "json").failed(10).json();
        assertThat(json.at("/repositories/0/error/code").asString()).isEqualTo("repository-not-initialised");
        assertThat(json.at("/repositories/1/incarnations/0/backups")).hasSize(1);
        assertThat(json.at("/repositories/1/error").isNull()).isTrue();
    }

    @Test
    void verifyLooksAtAllRepositoriesAndNamesTheOneThatIsDamaged() throws IOException {
        Path config = two("verify", true);
        Outcome sound = site.runWith(config, "verify").orFail();
        assertThat(sound.out()).contains("repository near sound").contains("repository far sound");
        damageAPack(site.directory().resolve("verify-near"));

        Outcome damaged = site.runWith(config, "verify", "--output", "json");
        assertThat(damaged.exit()).isEqualTo(1);
        assertThat(damaged.json().get("verdict").asString()).isEqualTo("damaged");
        assertThat(damaged.json().at("/findings/0/repository").asString()).isEqualTo("near");
        assertThat(damaged.json().at("/repositories/1/verdict").asString()).isEqualTo("sound");
        assertThat(site.runWith(config, "info").out()).contains("FOUND damaged");

        AsPostgres.deleteTree(site.directory().resolve("verify-near"));
        assertThat(site.runWith(config, "verify", "--backup", label).failed(10).out())
                .contains("sound");
    }

    @Test
    void verifyFindsNothingSoundAboutAClusterThatIsNotThere() {
        assertThat(site.run("verify", "--cluster", "mian").failed(10).err()).contains("cluster mian is not in");
    }

    @Test
    void aBackupIsPinnedWhereItIs() {
        Path config = two("pin", true);
        Path near = site.configure("pin-near.yaml", site.repository("near", "pin-near"));
        site.runWith(near, "delete", label, "--force", "--now").orFail();

        site.runWith(config, "pin", label).orFail();

        JsonNode info =
                site.runWith(config, "info", "--output", "json").orFail().json();
        assertThat(info.at("/repositories/0/incarnations/0/backups")).isEmpty();
        assertThat(info.at("/repositories/1/incarnations/0/backups/0/pinned").asBoolean())
                .isTrue();
        assertThat(site.runWith(config, "pin", label, "--repository", "near")
                        .failed(62)
                        .err())
                .contains("there is no backup");
    }

    private static void damageAPack(Path repository) throws IOException {
        Path pack;
        try (Stream<Path> files = Files.walk(repository)) {
            pack = files.filter(file -> file.toString().contains("/packs/") && Files.isRegularFile(file))
                    .findFirst()
                    .orElseThrow();
        }
        try (RandomAccessFile file = new RandomAccessFile(pack.toFile(), "rw")) {
            file.seek(file.length() / 2);
            int old = file.read();
            file.seek(file.length() / 2);
            file.write(old ^ 0x10);
        }
    }

    private static Map<String, Integer> contents(Path directory) throws IOException {
        Map<String, Integer> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(directory)) {
            // The manifest tells when the files were written.
            Stream<Path> compared =
                    files.filter(Files::isRegularFile).filter(file -> !file.endsWith("backup_manifest"));
            for (Path file : (Iterable<Path>) compared::iterator) {
                contents.put(
                        directory.relativize(file).toString(), java.util.Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        return contents;
    }
}
