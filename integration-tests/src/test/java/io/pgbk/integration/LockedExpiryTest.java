package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** {@code pgbk expire} where objects are locked, on a real store. */
class LockedExpiryTest {
    private static final Pattern UNTIL = Pattern.compile("<RetainUntilDate>([^<]+)</RetainUntilDate>");

    private static final Pattern OF_INTEREST = Pattern.compile("/repository\\.json$|/(backups|packs)/");

    @Test
    void hazardAnExpiryInABucketWithObjectLockKeepsAllThatIsNeededLockedAndNamesWhatCannotGo() {
        String prefix = Site.randomPrefix();
        Site.Repository repository = new Site.Repository(
                "primary",
                StoreKind.RGW_LOCKED,
                prefix,
                "    object-lock: {mode: compliance, days: 1}\n    retention: {full: 1, grace: 0d}\n");
        try (Site site = Site.create(true, List.of(repository));
                PostgresServer server = PostgresServer.builder(15)
                        .withArchiveCommand(site.archiveCommand())
                        .create()) {
            site.configure(server);
            server.start();
            site.run("init");
            site.run("retention", "set");
            server.sql("create table orders as select i, repeat('x', 100) from generate_series(1, 5000) i");
            String old = site.json("backup").get("label").asString();
            String full = site.json("backup").get("label").asString();
            server.sql("update orders set repeat = 'changed' where i < 100");
            String user = site.json("backup", "--type", "incr").get("label").asString();
            site.archiveEverything();

            // Somebody with the host's credentials hides everything; retention sees through it.
            S3Admin store = new S3Admin(Objects.requireNonNull(StoreKind.RGW_LOCKED.endpoint()));
            store.coverEverything(prefix + "/");
            Map<String, Instant> before = locks(prefix);

            JsonNode dry = site.json("expire", "--dry-run");
            assertThat(dry.get("keep").findValuesAsString("label")).containsExactlyInAnyOrder(full, user);
            assertThat(dry.get("remove").findValuesAsString("label")).containsExactly(old);
            assertThat(locks(prefix)).isEqualTo(before);

            JsonNode done = site.json("expire");

            assertThat(done.get("remove").findValuesAsString("label")).containsExactly(old);
            Instant until = Instant.parse(done.get("lockedUntil").asString());
            Map<String, Instant> after = locks(prefix);
            JsonNode gone = done.get("gone").get(0);
            assertThat(gone.get("label").asString()).isEqualTo(old);
            assertThat(gone.get("leftovers").size()).isPositive();
            gone.get("leftovers")
                    .properties()
                    .forEach(leftover -> assertThat(leftover.getValue().asString())
                            .isEqualTo("locked until " + before.get(prefix + "/" + leftover.getKey())));
            assertThat(done.get("locksExtended").asLong()).isPositive();
            assertEverythingOf(full, before, after, until);
            assertEverythingOf(user, before, after, until);
            assertThat(after.get(prefix + "/repository.json")).isEqualTo(until);
            // What goes is left as it was, but for events: its time passes, and a later run takes it.
            assertThat(of(old, before)).isNotEmpty();
            assertThat(after).containsAllEntriesOf(of(old, before));

            String again = site.run("expire");
            assertThat(again).contains("could not remove ").contains("locked until ");
            store.coverEverything(prefix + "/");
            assertThat(site.json("verify").get("verdict").asString()).isEqualTo("sound");
        }
    }

    private static void assertEverythingOf(
            String label, Map<String, Instant> before, Map<String, Instant> after, Instant until) {
        Map<String, Instant> locks = of(label, after);
        // Intent, manifest, summary, and a pack at least.
        assertThat(locks).hasSizeGreaterThanOrEqualTo(4);
        assertThat(locks.values()).containsOnly(until);
        assertThat(of(label, before).values())
                .allSatisfy(lock -> assertThat(lock).isBefore(until));
    }

    private static Map<String, Instant> of(String label, Map<String, Instant> locks) {
        Map<String, Instant> some = new TreeMap<>(locks);
        some.keySet().removeIf(key -> !key.contains("/" + label + "/"));
        return some;
    }

    /** Until when repository.json and each object of a backup is locked, by the longest lock of its versions. */
    private static Map<String, Instant> locks(String prefix) {
        S3Endpoint endpoint = Objects.requireNonNull(StoreKind.RGW_LOCKED.endpoint());
        S3Admin store = new S3Admin(endpoint);
        Map<String, Instant> locks = new HashMap<>();
        for (S3Admin.Version version : store.versions(prefix + "/")) {
            if (!OF_INTEREST.matcher(version.key()).find()) {
                continue;
            }
            String answer = store.send("GET", version.key(), Map.of("retention", "", "versionId", version.id()), "")
                    .body();
            Matcher lock = UNTIL.matcher(answer);
            if (lock.find()) {
                locks.merge(
                        version.key(), Instant.parse(lock.group(1)), (one, other) -> one.isAfter(other) ? one : other);
            }
        }
        return locks;
    }
}
