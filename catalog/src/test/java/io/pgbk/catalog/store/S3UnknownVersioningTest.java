package io.pgbk.catalog.store;

import static io.pgbk.catalog.store.ObjectStoreContract.body;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Credentials that may not ask whether the bucket keeps versions (no s3:GetBucketVersioning). */
class S3UnknownVersioningTest {
    private static final Fault DENIED =
            new Fault.Answer(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
    private static final Fault PASS = new Fault.None();
    private static final AtomicInteger PREFIXES = new AtomicInteger();

    private static S3Endpoint versioned;
    private static S3Endpoint plain;

    private final String prefix = "p" + PREFIXES.incrementAndGet();
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void makeBuckets() {
        Optional<RgwServer> server = RgwServer.find();
        Assumptions.assumeTrue(server.isPresent(), "NOT TESTED: Ceph RADOS Gateway is not installed");
        String random = Long.toHexString(System.nanoTime());
        versioned = server.orElseThrow().http("asked-" + random);
        new S3Admin(versioned).enableVersioning();
        plain = server.orElseThrow().http("plain-" + random);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
    }

    /** In front of a bucket, for credentials that lack the rights to some requests. */
    private FaultProxy proxy(S3Endpoint endpoint, Predicate<FaultProxy.Request> denied, Fault fault) {
        FaultProxy proxy = FaultProxy.start(endpoint.url(), request -> denied.test(request) ? fault : PASS);
        open.add(proxy);
        return proxy;
    }

    private ObjectStore store(S3Endpoint endpoint, FaultProxy proxy) {
        ObjectStore store = ObjectStores.open(S3StoreContract.config(endpoint.withUrl(proxy.url()), prefix));
        open.add(store);
        return store;
    }

    private ObjectStore denied(S3Endpoint endpoint, Predicate<FaultProxy.Request> denied) {
        return store(endpoint, proxy(endpoint, denied, DENIED));
    }

    private static boolean asks(FaultProxy.Request request, String parameter) {
        int query = request.path().indexOf('?');
        return query >= 0
                && Arrays.stream(request.path().substring(query + 1).split("&", -1))
                        .anyMatch(part -> part.equals(parameter) || part.startsWith(parameter + "="));
    }

    private static boolean isQuestion(FaultProxy.Request request) {
        return asks(request, "versioning");
    }

    private static boolean isQuestionOrListing(FaultProxy.Request request) {
        return isQuestion(request) || asks(request, "versions");
    }

    private void put(S3Endpoint endpoint, String key, String content) {
        new S3Admin(endpoint).put(prefix + "/" + key, content.getBytes(UTF_8));
    }

    private void markDeleted(String key) {
        assertThat(new S3Admin(versioned)
                        .send("DELETE", prefix + "/" + key, Map.of(), "")
                        .status())
                .isEqualTo(204);
    }

    private List<S3Admin.Version> versions(S3Endpoint endpoint) {
        return new S3Admin(endpoint).versions(prefix + "/");
    }

    @Test
    void hazardRemovingTakesEveryVersionAlthoughNobodyMayAskWhetherThereAreAny() {
        put(versioned, "key", "first");
        put(versioned, "key", "second");
        put(versioned, "other", "stays");
        ObjectStore store = denied(versioned, S3UnknownVersioningTest::isQuestion);

        assertThat(store.delete(List.of("key", "missing"))).isEmpty();

        assertThat(versions(versioned)).extracting(S3Admin.Version::key).containsExactly(prefix + "/other");
    }

    @Test
    void hazardWhatADeleteMarkerStandsOverIsThereAlthoughNobodyMayAsk() {
        put(versioned, "dir/key", "first");
        put(versioned, "lost", "x");
        markDeleted("dir/key");
        List<S3Admin.Version> all = versions(versioned);
        ObjectStore store = denied(versioned, S3UnknownVersioningTest::isQuestion);

        assertThat(store.versioning()).isEqualTo(Versioning.LISTED);
        assertThat(store.list("", ""))
                .toIterable()
                .containsExactly(new ObjectInfo("dir/key", 5), new ObjectInfo("lost", 1));
        assertThat(store.listChildren("")).containsExactly("dir/", "lost");
        assertThat(store.isMarkedDeleted("dir/key")).isTrue();
        assertThat(store.isMarkedDeleted("lost")).isFalse();
        assertThat(store.readAll("dir/key", 100)).isEqualTo("first".getBytes(UTF_8));
        assertThat(versions(versioned)).isEqualTo(all);
    }

    @Test
    void contentThatIsNotAuthenticIsPassedOverAlthoughNobodyMayAsk() {
        put(versioned, "key", "junk");
        put(versioned, "key", "authentic");
        ObjectStore store = denied(versioned, S3UnknownVersioningTest::isQuestion);

        assertThat(store.passOver("key", 0)).isTrue();
        assertThat(store.readAll("key", 100)).isEqualTo("authentic".getBytes(UTF_8));
    }

    @Test
    void hazardADeleteMarkerThatTheStoreAnswersWithProvesThatItKeepsVersions() {
        put(versioned, "key", "first");
        AtomicInteger listings = new AtomicInteger();
        // The first listing of versions only tries whether it is allowed; the right is given behind it.
        ObjectStore store = denied(
                versioned,
                request -> isQuestion(request) || (asks(request, "versions") && listings.getAndIncrement() == 0));
        assertThat(store.versioning()).isEqualTo(Versioning.UNKNOWN);

        assertThat(store.delete(List.of("key"))).isEmpty();

        assertThat(versions(versioned)).isEmpty();
        assertThat(store.versioning()).isEqualTo(Versioning.KEPT);
    }

    @Test
    void hazardWhatRemovingLeavesBehindIsNotCalledRemoved() {
        put(versioned, "key", "first");
        ObjectStore store = denied(versioned, S3UnknownVersioningTest::isQuestionOrListing);

        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> store.delete(List.of("key")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PERMISSION_DENIED))
                .satisfies(e -> assertThat(e.hint()).contains("s3:ListBucketVersions"));
        // What is under the marker is read again as soon as versions may be listed.
        try (ObjectStore allowed = ObjectStores.open(S3StoreContract.config(versioned, prefix))) {
            assertThat(allowed.readAll("key", 100)).isEqualTo("first".getBytes(UTF_8));
        }
    }

    static Stream<Predicate<FaultProxy.Request>> missingRights() {
        return Stream.of(S3UnknownVersioningTest::isQuestion, S3UnknownVersioningTest::isQuestionOrListing);
    }

    @ParameterizedTest
    @MethodSource("missingRights")
    void aBucketWithoutVersionsTakesNoRightsThatOnlyVersionsNeed(Predicate<FaultProxy.Request> denied) {
        put(plain, "dir/key", "content");
        ObjectStore store = denied(plain, request -> denied.test(request) || asks(request, "versionId"));

        assertThat(store.list("", "")).toIterable().containsExactly(new ObjectInfo("dir/key", 7));
        assertThat(store.readAll("dir/key", 100)).isEqualTo("content".getBytes(UTF_8));
        assertThat(store.findLength("missing")).isEmpty();
        assertThat(store.isMarkedDeleted("missing")).isFalse();
        assertThat(store.passOver("dir/key", 0)).isFalse();
        assertThat(store.create("empty", body(""))).isEqualTo(CreateOutcome.CREATED);
        assertThat(store.findLength("empty")).hasValue(0);
        assertThat(store.delete(List.of("dir/key", "empty", "missing"))).isEmpty();
        assertThat(versions(plain)).isEmpty();
        assertThat(store.versioning()).isIn(Versioning.LISTED, Versioning.UNKNOWN);
    }

    @Test
    void theProbeOfABucketWithVersionsProvesThem() {
        ObjectStore store = denied(versioned, S3UnknownVersioningTest::isQuestion);

        assertThat(store.probe("").versioned()).isTrue();

        assertThat(store.versioning()).isEqualTo(Versioning.KEPT);
        assertThat(versions(versioned)).isEmpty();
    }

    static Stream<Fault> unknownQuestions() {
        return Stream.of(
                new Fault.Answer(501, "<Error><Code>NotImplemented</Code></Error>"),
                new Fault.Answer(405, "<Error><Code>MethodNotAllowed</Code></Error>"));
    }

    @ParameterizedTest
    @MethodSource("unknownQuestions")
    void aStoreThatKnowsNoVersionsIsNotAskedForAny(Fault fault) {
        FaultProxy proxy = proxy(plain, S3UnknownVersioningTest::isQuestionOrListing, fault);
        ObjectStore store = store(plain, proxy);
        store.create("key", body("x"));

        assertThat(store.versioning()).isEqualTo(Versioning.NONE);
        assertThat(store.list("", "")).toIterable().containsExactly(new ObjectInfo("key", 1));
        assertThat(store.delete(List.of("key"))).isEmpty();
        assertThat(proxy.requests()).noneMatch(request -> asks(request, "versions"));
    }
}
