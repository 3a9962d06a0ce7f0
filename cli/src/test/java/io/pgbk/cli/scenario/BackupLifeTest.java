package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.cli.InProcess;
import io.pgbk.cli.output.StopRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** pin, unpin, annotate, delete, the keys, completion: each run as text and as JSON on a copy of the repository. */
class BackupLifeTest {
    private final CommandSite site = SharedSite.get();
    private final String label = SharedSite.label();

    private Path copy(String name) {
        site.copyRepository(name);
        return site.configure(name + ".yaml", site.repository("primary", name));
    }

    @Test
    void aPinnedBackupStaysUntilItIsUnpinnedAndTheLastGoodOneGoesOnlyByForce() {
        Path config = copy("life");

        assertThat(site.runWith(config, "pin", label, "--reason", "audit")
                        .orFail()
                        .out())
                .isEqualTo("pinned " + label + "\n");
        assertThat(site.runWith(config, "info").orFail().out()).contains("pinned");
        assertThat(site.runWith(config, "delete", label).failed(71).err())
                .contains("is pinned")
                .contains("pgbk unpin " + label);
        assertThat(site.runWith(config, "delete", label, "--dry-run").failed(71).err())
                .contains("is pinned");
        JsonNode unpinned = site.runWith(config, "unpin", label, "--output", "json")
                .orFail()
                .json();
        assertThat(unpinned.get("pinned").asBoolean()).isFalse();
        assertThat(site.runWith(config, "delete", label).failed(71).err()).contains("last good backup");
        JsonNode trial = site.runWith(config, "delete", label, "--force", "--dry-run", "--output", "json")
                .orFail()
                .json();
        assertThat(trial.get("removed").asBoolean()).isFalse();
        assertThat(trial.get("bytesFreed").asLong()).isPositive();
        assertThat(site.runWith(config, "info").orFail().out()).contains(label).doesNotContain("being removed");

        assertThat(site.runWith(config, "delete", label, "--force").orFail().out())
                .contains("its data goes after");
        assertThat(site.runWith(config, "info").orFail().out()).contains("being removed");
        assertThat(site.runWith(config, "pin", label).failed(62).err()).contains("is being removed");
        JsonNode deleted = site.runWith(config, "delete", label, "--force", "--now", "--output", "json")
                .orFail()
                .json();
        assertThat(deleted.get("removed").asBoolean()).isTrue();
        assertThat(deleted.get("bytesFreed").asLong()).isPositive();
        assertThat(site.runWith(config, "info").orFail().out()).contains("backups: none");
        assertThat(site.runWith(config, "unpin", label).failed(62).err()).contains("there is no backup " + label);
    }

    @Test
    void annotationsAreSetReplacedAndRemoved() {
        Path config = copy("notes");

        assertThat(site.runWith(config, "annotate", label, "ticket=", "who=me", "text=a b=c")
                        .orFail()
                        .out())
                .isEqualTo(label + "  text=a b=c, who=me\n");
        JsonNode now = site.runWith(config, "annotate", label, "who=you", "--output", "json")
                .orFail()
                .json();
        assertThat(now.get("annotations").propertyNames()).containsExactly("text", "who");
        assertThat(now.at("/annotations/who").asString()).isEqualTo("you");
        assertThat(site.runWith(config, "annotate", label, "nonsense").failed(2).err())
                .contains("Write KEY=VALUE");
        assertThat(site.runWith(config, "annotate", label, "a=1", "a=2")
                        .failed(2)
                        .err())
                .contains("given twice");
    }

    @Test
    void keysAreAddedListedRewrappedRotatedAndRemovedAndOnlyTheRightOnesOpen() {
        Path config = copy("keys");
        Path second = site.secret("second-key", "8".repeat(64));
        Path third = site.secret("third-key", "9".repeat(64));
        Path passphrase = site.secret("passphrase", "correct horse battery staple");
        Path withSecond = keyed("second.yaml", "key-file: " + second);
        Path withThird = keyed("third.yaml", "key-file: " + third);
        Path withPassphrase = keyed("passphrase.yaml", "passphrase-file: " + passphrase);
        site.runWith(withSecond, "info").failed(20);

        String slot = site.runWith(config, "key", "add", "--key-file", second.toString(), "--output", "json")
                .orFail()
                .json()
                .get("slot")
                .asString();
        site.runWith(config, "key", "add", "--passphrase-file", passphrase.toString())
                .orFail();
        site.runWith(withSecond, "info").orFail();
        site.runWith(withPassphrase, "info").orFail();
        assertThat(site.runWith(config, "key", "list").orFail().out())
                .contains(slot)
                .contains("passphrase");

        String rewrapped = site.runWith(
                        config, "key", "rewrap", slot, "--key-file", third.toString(), "--output", "json")
                .orFail()
                .json()
                .get("slot")
                .asString();
        site.runWith(withThird, "info").orFail();
        site.runWith(withSecond, "info").failed(20);

        JsonNode rotated = site.runWith(
                        config, "key", "rotate", "--passphrase-file", passphrase.toString(), "--output", "json")
                .orFail()
                .json();
        assertThat(rotated.get("epoch").asInt()).isEqualTo(2);
        assertThat(rotated.get("rewrapped").size()).isEqualTo(2);
        assertThat(rotated.at("/leftBehind/0").asString()).isEqualTo(rewrapped);
        site.runWith(config, "verify", "--sample", "1").orFail();
        site.runWith(withPassphrase, "info").orFail();

        site.runWith(config, "key", "remove", rewrapped).orFail();
        site.runWith(withThird, "info").failed(20);
        assertThat(site.runWith(config, "key", "remove", rewrapped).failed(41).err())
                .contains("key list");
        assertThat(site.runWith(config, "key", "add").failed(2).err())
                .startsWith("error: missing required argument")
                .contains("--key-file");
    }

    private Path keyed(String file, String encryption) {
        return site.configure(
                file,
                "  - url: file://%s\n    encryption: {%s}\n"
                        .formatted(site.directory().resolve("keys"), encryption));
    }

    @Test
    void aGeneratedKeyIsPrivateAndNeverOverwrittenAndNeverShown() throws Exception {
        Path key = site.directory().resolve("generated");

        Outcome generated = site.run("key", "generate", key.toString()).orFail();

        assertThat(Files.getPosixFilePermissions(key)).hasSize(2);
        assertThat(generated.all()).doesNotContain(Files.readString(key).strip());
        assertThat(site.run("key", "generate", key.toString()).failed(2).err()).contains("not overwritten");
    }

    @Test
    void aSignalStopsABackupBeforeItIsListed() {
        Path config = copy("stopped");
        StopRequest stop = new StopRequest();
        stop.request();

        InProcess.Result result = InProcess.run(
                site.server().dataDirectory(),
                Map.of(),
                stop,
                Clock.systemUTC(),
                List.of("--config", config.toString(), "backup"));

        assertThat(result.exit()).isEqualTo(80);
        assertThat(result.err()).contains("error: stopped by a signal");
        assertThat(site.runWith(config, "info", "--output", "json").json().at("/repositories/0/incarnations/0/backups"))
                .hasSize(1);
    }

    @Test
    void bashUnderstandsTheCompletionAndItOffersOnlyWhatIsAccepted() throws Exception {
        Outcome completion = site.run("completion").orFail();
        Path script = Files.writeString(site.directory().resolve("completion.bash"), completion.out() + """
                        complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMPREPLY=(); _complete_pgbk; echo "${COMPREPLY[*]}"; }
                        complete_words pgbk ba
                        complete_words pgbk info --output ''
                        complete_words pgbk restore --target-action ''
                        """);
        Process bash = new ProcessBuilder("bash", script.toString())
                // "compopt: not currently executing completion function": here it is the test that calls it.
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(bash.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);

        assertThat(bash.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(output.lines()).containsExactly("backup", "text json", "pause promote shutdown");
    }
}
