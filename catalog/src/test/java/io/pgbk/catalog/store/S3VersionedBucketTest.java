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
    void listingsOfManyPagesTakeEachNameOnceAndHideDeletedOnes() {
        try (ObjectStore store = openStore("pages")) {
            List<String> keys =
                    IntStream.range(0, 20).mapToObj("k/%02d"::formatted).toList();
            keys.forEach(key -> store.create(key, body("x")));
            keys.forEach(key -> overwrite("pages/" + key, "longer"));
            new S3Admin(endpoint).send("DELETE", "pages/k/05", Map.of(), "");

            List<ObjectInfo> expected = keys.stream()
                    .filter(key -> !key.equals("k/05"))
                    .map(key -> new ObjectInfo(key, 1))
                    .toList();
            assertThat(store.list("", "")).toIterable().containsExactlyElementsOf(expected);
            assertThat(store.list("k/", "k/09"))
                    .toIterable()
                    .containsExactlyElementsOf(expected.subList(9, expected.size()));
            // A client that knows the version already may go on reading it.
            try (ObjectStore other = openStore("pages")) {
                assertThat(other.findLength("k/05")).isEmpty();
            }
        }
    }

    @Test
    void theProbeSeesVersionsAndTheMissingCondition() {
        try (ObjectStore store = openStore("probe")) {
            StoreProbe probe = store.probe("");
            assertThat(probe.versioned()).isTrue();
            assertThat(probe.refusesWrongDigest()).isTrue();
            assertThat(probe.missingKeyIsNotFound()).isTrue();
            assertThat(store.list("", "")).isExhausted();
        }
    }
}
