package io.pgbk.catalog.store;

import static io.pgbk.catalog.store.ObjectStoreContract.body;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A bucket with object lock on a real store. */
class S3ObjectLockTest {
    private static final Pattern UNTIL = Pattern.compile("<RetainUntilDate>([^<]+)</RetainUntilDate>");

    private static S3Endpoint endpoint;
    private static S3Endpoint unlocked;

    @BeforeAll
    static void makeBuckets() {
        Optional<RgwServer> server = RgwServer.find();
        Assumptions.assumeTrue(server.isPresent(), "NOT TESTED: Ceph RADOS Gateway is not installed");
        String name = Long.toHexString(System.nanoTime());
        unlocked = server.orElseThrow().http("unlocked-" + name);
        endpoint = unlocked.withBucket("locked-" + name);
        new S3Admin(endpoint).createLockedBucket();
    }

    private static ObjectStore openStore(S3Endpoint where, String prefix, ObjectLock.Mode mode) {
        return ObjectStores.open(S3StoreContract.config(where, prefix)
                .withObjectLock(new ObjectLock(mode, 3, InstantSource.system(), key -> key.startsWith("kept/"))));
    }

    private static ObjectStore openStore(String prefix) {
        return openStore(endpoint, prefix, ObjectLock.Mode.COMPLIANCE);
    }

    private static String onlyVersion(String name) {
        List<S3Admin.Version> versions = new S3Admin(endpoint).versions(name);
        assertThat(versions).hasSize(1);
        return versions.getFirst().id();
    }

    private static Instant lockedUntil(String name) {
        S3Admin.Answer answer =
                new S3Admin(endpoint).send("GET", name, Map.of("retention", "", "versionId", onlyVersion(name)), "");
        Matcher until = UNTIL.matcher(answer.body());
        assertThat(until.find()).as(answer.toString()).isTrue();
        return Instant.parse(until.group(1));
    }

    @Test
    void whatIsCoveredIsLockedByOneRequestAndInParts() {
        try (ObjectStore store = openStore("new")) {
            Instant before = Instant.now();
            assertThat(store.create("kept/small", body("content"))).isEqualTo(CreateOutcome.CREATED);
            byte[] large = new byte[6 << 20];
            try (ObjectUpload upload = store.upload("kept/large")) {
                upload.write(ByteBuffer.wrap(large));
                upload.complete();
            }
            assertThat(store.create("passing", body("content"))).isEqualTo(CreateOutcome.CREATED);
            for (String name : List.of("new/kept/small", "new/kept/large")) {
                assertThat(lockedUntil(name))
                        .isBetween(
                                before.plus(Duration.ofDays(3)).minusSeconds(2),
                                Instant.now().plus(Duration.ofDays(3)));
            }
            List<DeleteFailure> failures = store.delete(List.of("kept/large", "kept/small", "passing"));
            assertThat(failures).extracting(DeleteFailure::key).containsExactlyInAnyOrder("kept/large", "kept/small");
            assertThat(failures).allSatisfy(failure -> {
                Instant until = lockedUntil("new/" + failure.key());
                assertThat(failure.lockedUntil()).contains(until);
                assertThat(failure.reason()).isEqualTo("locked until " + until);
            });
            // Nothing hides what could not be removed.
            assertThat(store.list("", ""))
                    .toIterable()
                    .extracting(ObjectInfo::key)
                    .containsExactly("kept/large", "kept/small");
            assertThat(store.readAll("kept/small", 100)).isEqualTo("content".getBytes(UTF_8));
        }
    }

    @Test
    void whatAnAttackerPutsOverALockedObjectIsTakenAwayAndTheObjectStays() {
        try (ObjectStore store = openStore("over")) {
            store.create("kept/key", body("content"));
        }
        S3Admin attacker = new S3Admin(endpoint);
        attacker.send("PUT", "over/kept/key", Map.of(), "junk");
        attacker.send("DELETE", "over/kept/key", Map.of(), "");
        try (ObjectStore store = openStore("over")) {
            assertThat(store.readAll("kept/key", 100)).isEqualTo("content".getBytes(UTF_8));
            assertThat(store.delete(List.of("kept/key"))).hasSize(1);
            assertThat(onlyVersion("over/kept/key")).isNotEmpty();
            assertThat(store.readAll("kept/key", 100)).isEqualTo("content".getBytes(UTF_8));
        }
    }

    @Test
    void aCreationThatIsRepeatedLeavesNoLockedVersionThatNobodyNeeds() {
        try (ObjectStore one = openStore("again");
                ObjectStore two = openStore("again")) {
            assertThat(one.create("kept/key", body("content"))).isEqualTo(CreateOutcome.CREATED);
            assertThat(two.create("kept/key", body("content"))).isEqualTo(CreateOutcome.CREATED);
            assertThat(two.create("kept/key", body("other"))).isEqualTo(CreateOutcome.EXISTS);
            assertThat(onlyVersion("again/kept/key")).isNotEmpty();
        }
    }

    @Test
    void locksAreMadeLongerAndNeverShorter() {
        for (ObjectLock.Mode mode : ObjectLock.Mode.values()) {
            try (ObjectStore store = openStore(endpoint, "longer-" + mode, mode)) {
                store.create("kept/key", body("content"));
                store.create("plain", body("content"));
                ObjectLocking locking = store.objectLocking().orElseThrow();
                Instant later =
                        Instant.now().plus(Duration.ofDays(9)).truncatedTo(java.time.temporal.ChronoUnit.SECONDS);
                locking.extend("kept/key", later);
                locking.extend("kept/key", later.minus(Duration.ofDays(2)));
                locking.extend("plain", later);
                assertThat(lockedUntil("longer-" + mode + "/kept/key")).isEqualTo(later);
                assertThat(lockedUntil("longer-" + mode + "/plain")).isEqualTo(later);
                assertThatThrownBy(() -> locking.extend("kept/missing", later))
                        .isInstanceOf(ObjectMissingException.class);
            }
        }
    }

    @Test
    void anObjectLockedStrictlyIsExtendedByAConfigurationThatIsLooser() {
        try (ObjectStore strict = openStore("modes")) {
            strict.create("kept/key", body("content"));
        }
        try (ObjectStore loose = openStore(endpoint, "modes", ObjectLock.Mode.GOVERNANCE)) {
            Instant later = Instant.now().plus(Duration.ofDays(9)).truncatedTo(java.time.temporal.ChronoUnit.SECONDS);
            loose.objectLocking().orElseThrow().extend("kept/key", later);
            assertThat(lockedUntil("modes/kept/key")).isEqualTo(later);
            assertThat(loose.delete(List.of("kept/key"))).hasSize(1);
        }
    }

    @Test
    void theProbeFindsLocksThatHold() {
        try (ObjectStore store = openStore("probe")) {
            LockProbe probe = store.objectLocking().orElseThrow().probe("probe/");
            assertThat(probe).isEqualTo(new LockProbe(true, true, true, false, ""));
        }
    }

    @Test
    void theProbeFindsCredentialsThatMayPassOverLocks() {
        try (ObjectStore store = openStore(endpoint, "evade", ObjectLock.Mode.GOVERNANCE)) {
            // The owner of a bucket may.
            LockProbe probe = store.objectLocking().orElseThrow().probe("probe/");
            assertThat(probe.refusesRemoval()).isTrue();
            assertThat(probe.evadable()).isTrue();
            assertThat(store.list("", "")).isExhausted();
        }
    }

    @Test
    void theProbeFindsABucketWithoutLocks() {
        try (ObjectStore store = openStore(unlocked, "none", ObjectLock.Mode.COMPLIANCE)) {
            LockProbe probe = store.objectLocking().orElseThrow().probe("probe/");
            assertThat(probe.accepted()).isFalse();
            assertThat(probe.problem()).isNotEmpty();
            assertThat(store.list("", "")).isExhausted();
        }
    }
}
