package io.pgbk.catalog.store;

import static io.pgbk.catalog.store.ObjectStoreContract.assertFails;
import static io.pgbk.catalog.store.ObjectStoreContract.body;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.ErrorCode;
import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A bucket with versions on a server that ignores the condition of exclusive creation there (Ceph RGW 16). */
class S3VersionedBucketTest {
    private static S3Endpoint endpoint;

    @BeforeAll
    static void makeBucket() {
        Optional<RgwServer> server = RgwServer.find();
        Assumptions.assumeTrue(server.isPresent(), "NOT TESTED: Ceph RADOS Gateway is not installed");
        endpoint = server.orElseThrow().http("versioned-" + Long.toHexString(System.nanoTime()));
        new S3Admin(endpoint).enableVersioning();
    }

    private static ObjectStore openStore(String prefix) {
        return ObjectStores.open(S3StoreContract.config(endpoint, prefix));
    }

    private static void overwrite(String name, String content) {
        assertThat(new S3Admin(endpoint).send("PUT", name, Map.of(), content).status())
                .isEqualTo(200);
    }

    private static void markDeleted(String name) {
        assertThat(new S3Admin(endpoint).send("DELETE", name, Map.of(), "").status())
                .isEqualTo(204);
    }

    @Test
    void theOldestVersionIsTheObjectForEveryReader() throws Exception {
        try (ObjectStore writer = openStore("oldest");
                ObjectStore reader = openStore("oldest")) {
            assertThat(writer.create("key", body("first"))).isEqualTo(CreateOutcome.CREATED);
            overwrite("oldest/key", "second one");

            assertThat(reader.readAll("key", 100)).isEqualTo("first".getBytes(UTF_8));
            assertThat(reader.findLength("key")).hasValue(5);
            try (InputStream in = reader.read("key", 1, 4)) {
                assertThat(in.readAllBytes()).isEqualTo("irst".getBytes(UTF_8));
            }
            assertFails(ErrorCode.OBJECT_DAMAGED, () -> reader.read("key", 0, 6));
            assertThat(reader.list("", "")).toIterable().containsExactly(new ObjectInfo("key", 5));
        }
    }

    @Test
    void aSecondCreationDoesNotCountAndIsTakenBack() {
        try (ObjectStore one = openStore("second");
                ObjectStore two = openStore("second")) {
            assertThat(one.create("key", body("first"))).isEqualTo(CreateOutcome.CREATED);
            assertThat(two.create("key", body("other"))).isEqualTo(CreateOutcome.EXISTS);
            assertThat(two.create("key", body("first"))).isEqualTo(CreateOutcome.CREATED);
            assertThat(one.readAll("key", 100)).isEqualTo("first".getBytes(UTF_8));
            String versions = new S3Admin(endpoint)
                    .send("GET", "", Map.of("versions", "", "prefix", "second/"), "")
                    .body();
            assertThat(versions.split("<VersionId>", -1)).hasSize(2);
        }
    }

    @Test
    void ofManyRacingWritersExactlyOneCreates() throws Exception {
        try (ObjectStore store = openStore("race")) {
            for (int round = 0; round < 5; round++) {
                String key = "key-" + round;
                CyclicBarrier start = new CyclicBarrier(6);
                List<CreateOutcome> outcomes = new ArrayList<>();
                try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
                    List<Future<CreateOutcome>> futures = IntStream.range(0, 6)
                            .mapToObj(writer -> threads.submit(() -> {
                                start.await();
                                return store.create(key, body("writer " + writer));
                            }))
                            .toList();
                    for (Future<CreateOutcome> future : futures) {
                        outcomes.add(future.get());
                    }
                }
                assertThat(Collections.frequency(outcomes, CreateOutcome.CREATED))
                        .isEqualTo(1);
                assertThat(store.readAll(key, 100))
                        .asString(UTF_8)
                        .isEqualTo("writer " + outcomes.indexOf(CreateOutcome.CREATED));
            }
        }
    }

    @Test
    void removingRemovesEveryVersion() {
        try (ObjectStore store = openStore("remove")) {
            store.create("key", body("first"));
            overwrite("remove/key", "second");

            assertThat(store.delete(List.of("key", "missing"))).isEmpty();
            assertThat(store.findLength("key")).isEmpty();
            assertThat(store.list("", "")).isExhausted();
            assertThat(new S3Admin(endpoint)
                            .send("GET", "", Map.of("versions", "", "prefix", "remove/"), "")
                            .body())
                    .doesNotContain("<VersionId>");
            assertThat(store.create("key", body("again"))).isEqualTo(CreateOutcome.CREATED);
        }
    }

    @Test
    void listingsOfManyPagesTakeEachNameOnceWhateverLiesOverIt() {
        try (ObjectStore store = openStore("pages")) {
            List<String> keys =
                    IntStream.range(0, 20).mapToObj("k/%02d"::formatted).toList();
            keys.forEach(key -> store.create(key, body("x")));
            keys.forEach(key -> overwrite("pages/" + key, "longer"));
            markDeleted("pages/k/05");
            markDeleted("pages/k/77");

            List<ObjectInfo> expected =
                    keys.stream().map(key -> new ObjectInfo(key, 1)).toList();
            assertThat(store.list("", "")).toIterable().containsExactlyElementsOf(expected);
            assertThat(store.list("k/", "k/09"))
                    .toIterable()
                    .containsExactlyElementsOf(expected.subList(10, expected.size()));
        }
    }

    @Test
    void whatADeleteMarkerStandsOverIsThereForEveryReader() throws Exception {
        try (ObjectStore writer = openStore("marker")) {
            writer.create("dir/one/key", body("first"));
            writer.create("dir/two/key", body("other"));
            writer.create("empty", body(""));
            markDeleted("marker/dir/one/key");
            markDeleted("marker/empty");
        }
        try (ObjectStore reader = openStore("marker")) {
            assertThat(reader.readAll("dir/one/key", 100)).isEqualTo("first".getBytes(UTF_8));
            assertThat(reader.findLength("empty")).hasValue(0);
            assertThat(reader.isMarkedDeleted("dir/one/key")).isTrue();
            assertThat(reader.isMarkedDeleted("dir/two/key")).isFalse();
        }
        try (ObjectStore reader = openStore("marker");
                InputStream in = reader.read("dir/one/key", 1, 3)) {
            assertThat(in.readAllBytes()).isEqualTo("irs".getBytes(UTF_8));
            assertThat(reader.listChildren("dir/")).containsExactly("one/", "two/");
            assertThat(reader.listChildren("")).containsExactly("dir/", "empty");
            assertThat(reader.listChildren("dir/one/")).containsExactly("key");
        }
    }

    @Test
    void aMarkerWithoutContentIsSeenAndRemovingTakesItAway() {
        markDeleted("lost/key");
        try (ObjectStore store = openStore("lost")) {
            assertThat(store.findLength("key")).isEmpty();
            assertThat(store.list("", "")).isExhausted();
            assertThat(store.isMarkedDeleted("key")).isTrue();
            assertThat(store.delete(List.of("key"))).isEmpty();
            assertThat(store.isMarkedDeleted("key")).isFalse();
        }
    }

    @Test
    void anOverwritingThatIsShorterOrEmptyHidesNothing() throws Exception {
        try (ObjectStore writer = openStore("shorter")) {
            writer.create("key", body("the first content"));
        }
        overwrite("shorter/key", "");
        try (ObjectStore reader = openStore("shorter");
                InputStream in = reader.read("key", 4, 5)) {
            assertThat(in.readAllBytes()).isEqualTo("first".getBytes(UTF_8));
        }
    }

    @Test
    void contentThatIsNotAuthenticIsPassedOverFromTheOldestToTheNewest() {
        overwrite("pass/key", "junk of an attacker");
        overwrite("pass/key", "more junk");
        overwrite("pass/key", "authentic");
        try (ObjectStore reader = openStore("pass")) {
            assertThat(reader.contentNumber("key")).isZero();
            assertThat(read(reader)).isEqualTo("junk of an attacker");
            assertThat(reader.passOver("key", 0)).isTrue();
            // A second thread found the same content bad: it follows and does not skip.
            assertThat(reader.passOver("key", 0)).isTrue();
            assertThat(reader.contentNumber("key")).isEqualTo(1);
            assertThat(read(reader)).isEqualTo("more junk");
            assertThat(reader.passOver("key", 1)).isTrue();
            assertThat(read(reader)).isEqualTo("authentic");
            assertThat(reader.findLength("key")).hasValue(9);
            assertThat(reader.list("", "")).toIterable().containsExactly(new ObjectInfo("key", 9));
            assertThat(reader.passOver("key", 2)).isFalse();
            assertThat(reader.contentNumber("key")).isZero();
            assertThat(read(reader)).isEqualTo("junk of an attacker");
        }
    }

    private static String read(ObjectStore store) {
        return new String(store.readAll("key", 100), UTF_8);
    }

    @Test
    void aNameThatWasRemovedAndMadeAnewIsReadAnewByThoseWhoKnewIt() {
        try (ObjectStore one = openStore("anew");
                ObjectStore two = openStore("anew")) {
            one.create("key", body("first"));
            assertThat(read(two)).isEqualTo("first");
            one.delete(List.of("key"));
            assertThat(two.findLength("key")).isEmpty();
            one.create("key", body("again"));
            assertThat(read(two)).isEqualTo("again");
        }
    }

    @Test
    void removingFindsVersionsOfManyNamesByFewListings() {
        try (ObjectStore store = openStore("many")) {
            List<String> keys =
                    IntStream.range(0, 30).mapToObj("d/%02d"::formatted).toList();
            keys.forEach(key -> store.create(key, body("x")));
            for (int i = 0; i < 12; i++) {
                overwrite("many/d/17", "version " + i);
            }
            keys.forEach(key -> markDeleted("many/" + key));
            List<String> some = List.of("d/03", "d/17", "d/18", "d/29", "missing/name");
            assertThat(store.delete(some)).isEmpty();
            assertThat(store.list("", ""))
                    .toIterable()
                    .extracting(ObjectInfo::key)
                    .containsExactlyElementsOf(
                            keys.stream().filter(key -> !some.contains(key)).toList());
            assertThat(store.delete(keys)).isEmpty();
            assertThat(new S3Admin(endpoint)
                            .send("GET", "", Map.of("versions", "", "prefix", "many/"), "")
                            .body())
                    .doesNotContain("<VersionId>");
        }
    }

    @Test
    void theProbeSeesVersionsAndThatTheFirstOneStays() {
        try (ObjectStore store = openStore("probe")) {
            StoreProbe probe = store.probe("");
            assertThat(probe.versioned()).isTrue();
            assertThat(probe.exclusiveCreate()).isTrue();
            assertThat(probe.refusesWrongDigest()).isTrue();
            assertThat(probe.missingKeyIsNotFound()).isTrue();
            assertThat(store.list("", "")).isExhausted();
        }
    }
}
