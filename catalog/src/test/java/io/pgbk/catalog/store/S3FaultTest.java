package io.pgbk.catalog.store;

import static io.pgbk.catalog.store.ObjectStoreContract.PART_BYTES;
import static io.pgbk.catalog.store.ObjectStoreContract.assertFails;
import static io.pgbk.catalog.store.ObjectStoreContract.body;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.S3Endpoint;
import io.pgbk.testkit.S3ProxyServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The S3 store behind a proxy that fails: hazard "storage answers 500/503/slow/reset/200 with error body/short body". Most
 * of its time is waited for deadlines, so the tests wait together; each has a proxy and a prefix of its own.
 */
@Execution(ExecutionMode.CONCURRENT)
class S3FaultTest {
    private static final String SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>slow down</Message></Error>";
    private static final String INTERNAL = "<Error><Code>InternalError</Code><Message>oops</Message></Error>";
    private static final Timeouts SHORT =
            new Timeouts(Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(3));

    /** A deadline that was met, with room for a busy machine. */
    private static final Duration WITHIN_TOTAL = SHORT.total().plusSeconds(6);

    private static final AtomicInteger PREFIXES = new AtomicInteger();

    private static S3ProxyServer server;

    private final AtomicReference<Function<FaultProxy.Request, Fault>> faults = new AtomicReference<>(r -> none());
    private FaultProxy proxy;
    private ObjectStore store;

    /** The same place, for what must fail or ask again soon. */
    private ObjectStore hurried;

    @BeforeAll
    static void startServer(@TempDir Path directory) {
        server = S3ProxyServer.start(directory, "faults");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void open() {
        S3Endpoint endpoint = server.endpoint("faults");
        proxy = FaultProxy.start(endpoint.url(), request -> faults.get().apply(request));
        String prefix = "f" + PREFIXES.incrementAndGet();
        store = openStore(proxy.url(), prefix, Timeouts.DEFAULT);
        hurried = openStore(proxy.url(), prefix, SHORT);
    }

    @AfterEach
    void close() {
        store.close();
        hurried.close();
        proxy.close();
    }

    private static ObjectStore openStore(URI url, String prefix, Timeouts timeouts) {
        S3Endpoint endpoint = server.endpoint("faults").withUrl(url);
        return ObjectStores.open(
                S3StoreContract.config(endpoint, prefix).withLimits(timeouts, 4, ObjectStoreContract.SMALL_PAGES));
    }

    private static Fault none() {
        return new Fault.None();
    }

    /** The first so many requests of a method get the fault, counted from now. */
    private void fail(int count, String method, Fault fault) {
        AtomicInteger seen = new AtomicInteger();
        faults.set(request -> request.method().equals(method) && seen.getAndIncrement() < count ? fault : none());
    }

    private List<String> methods() {
        return proxy.requests().stream().map(FaultProxy.Request::method).toList();
    }

    static Stream<Fault> passingFaults() {
        return Stream.of(
                new Fault.Answer(500, INTERNAL),
                new Fault.Answer(503, SLOW_DOWN),
                new Fault.Answer(502, "<html>bad gateway</html>"),
                new Fault.Answer(404, "<html>not here</html>"),
                new Fault.Answer(200, INTERNAL),
                new Fault.AnswerInstead(500, INTERNAL),
                new Fault.AnswerInstead(200, ""),
                new Fault.Reset(),
                new Fault.LoseAnswer());
    }

    @ParameterizedTest
    @MethodSource("passingFaults")
    void aFaultThatPassesIsInvisibleToEveryOperation(Fault fault) throws IOException {
        fail(1, "PUT", fault);
        assertThat(store.create("key", body("content"))).isEqualTo(CreateOutcome.CREATED);
        fail(1, "PUT", fault);
        assertThat(store.create("key", body("other"))).isEqualTo(CreateOutcome.EXISTS);
        fail(1, "GET", fault);
        assertThat(store.readAll("key", 100)).isEqualTo("content".getBytes(UTF_8));
        fail(1, "GET", fault);
        assertThat(store.findLength("key")).hasValue(7);
        fail(1, "GET", fault);
        assertThat(store.findLength("missing")).isEmpty();
        fail(1, "GET", fault);
        try (InputStream in = store.read("key", 3, 4)) {
            assertThat(in.readAllBytes()).isEqualTo("tent".getBytes(UTF_8));
        }
        fail(2, "GET", fault);
        assertThat(store.list("", "")).toIterable().containsExactly(new ObjectInfo("key", 7));
        fail(1, "POST", fault);
        assertThat(store.delete(List.of("key"))).isEmpty();
        faults.set(r -> none());
        assertThat(store.findLength("key")).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("passingFaults")
    void aFaultThatPassesDoesNotHarmAnUpload(Fault fault) {
        byte[] content = new byte[PART_BYTES + 1000];
        new Random(1).nextBytes(content);
        for (String method : List.of("POST", "PUT")) {
            String key = "upload-" + method;
            try (ObjectUpload upload = store.upload(key)) {
                fail(1, method, fault);
                upload.write(ByteBuffer.wrap(content));
                // Once more for the last request, the completion.
                fail(1, method, fault);
                upload.complete();
            }
            faults.set(r -> none());
            assertThat(store.readAll(key, content.length)).isEqualTo(content);
        }
    }

    @Test
    void aCreationWhoseAnswerWasLostIsCreatedAndNotSentAgain() {
        fail(1, "PUT", new Fault.LoseAnswer());

        assertThat(store.create("key", body("content"))).isEqualTo(CreateOutcome.CREATED);
        assertThat(methods()).containsExactly("PUT", "GET");
    }

    @Test
    void aSlowAnswerIsAskedForAgain() {
        fail(1, "PUT", new Fault.Delay(Duration.ofMillis(1300)));
        assertThat(hurried.create("key", body("content"))).isEqualTo(CreateOutcome.CREATED);
        fail(1, "GET", new Fault.Delay(Duration.ofMillis(1300)));
        assertThat(hurried.readAll("key", 100)).isEqualTo("content".getBytes(UTF_8));
    }

    @Test
    void aConflictIsResolvedByLookingAtTheObject() {
        String conflict = "<Error><Code>ConditionalRequestConflict</Code></Error>";
        fail(1, "PUT", new Fault.Answer(409, conflict));
        assertThat(store.create("free", body("x"))).isEqualTo(CreateOutcome.CREATED);
        fail(1, "PUT", new Fault.AnswerInstead(409, conflict));
        assertThat(store.create("ours", body("x"))).isEqualTo(CreateOutcome.CREATED);
        fail(1, "PUT", new Fault.Answer(409, conflict));
        assertThat(store.create("ours", body("y"))).isEqualTo(CreateOutcome.EXISTS);
    }

    @Test
    void absenceIsCheapOneRequestWhenItIsKnownThatTheBucketKeepsNoVersions() {
        assertThat(store.findLength("missing")).isEmpty();
        assertThat(methods()).as("the first absence asks for the versions too").hasSize(2);

        assertThat(store.findLength("missing")).isEmpty();
        assertThatExceptionOfType(ObjectMissingException.class).isThrownBy(() -> store.readAll("missing", 1));
        assertThatExceptionOfType(ObjectMissingException.class).isThrownBy(() -> store.read("missing", 0, 1));

        assertThat(methods()).hasSize(2 + 3);
    }

    @Test
    void aSmallUploadIsOneRequest() {
        try (ObjectUpload upload = store.upload("key")) {
            upload.write(ByteBuffer.wrap(new byte[1000]));
            upload.complete();
        }
        assertThat(methods()).containsExactly("PUT");
    }

    static Stream<Fault> lastingFaults() {
        return Stream.of(
                new Fault.Answer(500, INTERNAL),
                new Fault.Answer(503, SLOW_DOWN),
                new Fault.Answer(404, "<html>not here</html>"),
                new Fault.Answer(200, INTERNAL),
                new Fault.Reset(),
                new Fault.Hang());
    }

    @ParameterizedTest
    @MethodSource("lastingFaults")
    void aFaultThatLastsIsAFailureInsideTheDeadlineAndNeverAbsenceOrSuccess(Fault fault) {
        faults.set(r -> fault);
        long start = System.nanoTime();
        assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> hurried.create("key", body("x")));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(WITHIN_TOTAL);
        start = System.nanoTime();
        assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> hurried.readAll("key", 1));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(WITHIN_TOTAL);
        if (!(fault instanceof Fault.Hang)) {
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> hurried.findLength("key"));
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> hurried.read("key", 0, 1));
            assertFails(
                    ErrorCode.REPOSITORY_UNREACHABLE, () -> hurried.list("", "").hasNext());
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> hurried.delete(List.of("key")));
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, hurried::currentTime);
        }
    }

    @Test
    void aPortThatNobodyListensOnIsUnreachableInsideTheDeadline() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        long start = System.nanoTime();
        try (ObjectStore nobody = openStore(URI.create("http://127.0.0.1:" + port), "nobody", SHORT)) {
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> nobody.create("key", body("x")))
                    .withMessageContaining("s3://faults")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE))
                    .satisfies(e -> assertThat(e.hint()).contains("127.0.0.1:" + port));
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(WITHIN_TOTAL);
    }

    @Test
    void aServerThatAcceptsAndNeverAnswersIsUnreachableInsideTheDeadline() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                ObjectStore hanging =
                        openStore(URI.create("http://127.0.0.1:" + silent.getLocalPort()), "silent", SHORT)) {
            long start = System.nanoTime();
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> hanging.readAll("key", 1));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(WITHIN_TOTAL);
        }
    }

    @Test
    void aBodyThatBreaksOffIsResumedWhereItStopped() throws IOException {
        byte[] content = new byte[1_000_000];
        new Random(2).nextBytes(content);
        store.create("object", new BytesBody(content));
        faults.set(r -> new Fault.CutBody(300_000));

        try (InputStream in = store.read("object", 5, 999_990)) {
            assertThat(in.readAllBytes()).isEqualTo(java.util.Arrays.copyOfRange(content, 5, 999_995));
        }
        assertThat(methods()).containsExactly("PUT", "GET", "GET", "GET", "GET");
    }

    @Test
    void aBodyThatAlwaysBreaksOffBeforeItsFirstByteIsAFailureAndNotAnEnd() throws IOException {
        store.create("object", body("content"));
        faults.set(r -> new Fault.CutBody(0));

        assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> hurried.readAll("object", 100));
        try (InputStream in = hurried.read("object", 0, 7)) {
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, in::readAllBytes);
        }
    }

    @Test
    void aPartThatCannotBeSentFailsTheUploadWhichIsAborted() {
        faults.set(r -> r.method().equals("PUT") ? new Fault.Answer(503, SLOW_DOWN) : none());
        try (ObjectUpload upload = hurried.upload("key")) {
            upload.write(ByteBuffer.wrap(new byte[PART_BYTES + 1]));
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, upload::complete);
        }
        assertThat(methods()).endsWith("DELETE");
        assertThat(store.findLength("key")).isEmpty();
    }

    @Test
    void beforeTheRequestThatMakesAnObjectOfItsPartsIsRepeatedItIsAskedAgainWhetherItMayBe() {
        AtomicInteger asked = new AtomicInteger();
        faults.set(r -> r.method().equals("POST") && asked.get() > 0 ? new Fault.Answer(503, SLOW_DOWN) : none());
        try (ObjectUpload upload = store.upload("key")) {
            upload.write(ByteBuffer.wrap(new byte[PART_BYTES + 1]));
            assertThat(upload.completeIf(() -> asked.incrementAndGet() == 1)).isFalse();
        }
        assertThat(asked).hasValue(2);
        assertThat(methods()).endsWith("POST", "DELETE");
        assertThat(store.findLength("key")).isEmpty();
    }

    @Test
    void deletionTellsWhichObjectsStayedAndWhy() {
        store.create("a", body("x"));
        String prefix = proxy.requests().getFirst().path().split("/", -1)[2] + "/";
        String answer = "<DeleteResult><Deleted><Key>" + prefix + "a</Key></Deleted><Error><Key>" + prefix + "b</Key>"
                + "<Code>AccessDenied</Code><Message>locked</Message></Error></DeleteResult>";
        fail(1, "POST", new Fault.Answer(200, answer));

        assertThat(store.delete(List.of("a", "b"))).containsExactly(new DeleteFailure("b", "AccessDenied: locked"));
    }

    @Test
    void deletionAsksAgainForWhatTheAnswerLeftOut() {
        store.create("a", body("x"));
        store.create("b", body("x"));
        fail(1, "POST", new Fault.Answer(200, "<DeleteResult></DeleteResult>"));

        assertThat(store.delete(List.of("a", "b"))).isEmpty();
        assertThat(store.list("", "")).isExhausted();
    }

    @Test
    void anInterruptedThreadStopsWaitingAndStaysInterrupted() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        faults.set(r -> {
            asked.countDown();
            return new Fault.Hang();
        });
        List<Object> results = new ArrayList<>();
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                store.create("key", body("x"));
            } catch (PgbkException e) {
                results.add(e.code());
                results.add(Thread.currentThread().isInterrupted());
            }
        });
        asked.await();
        caller.interrupt();
        caller.join(Duration.ofSeconds(10));

        assertThat(results).containsExactly(ErrorCode.INTERRUPTED, true);
    }

    @Test
    void noMessageHoldsASecret() {
        faults.set(r -> new Fault.Answer(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>"));
        String secret = server.endpoint("faults").secretKey();

        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> store.create("key", body("x")))
                .satisfies(e -> {
                    java.io.StringWriter trace = new java.io.StringWriter();
                    e.printStackTrace(new java.io.PrintWriter(trace));
                    assertThat(trace.toString() + e.hint()).doesNotContain(secret);
                });
        assertThat(S3StoreContract.config(server.endpoint("faults"), "p").toString())
                .doesNotContain(secret);
        assertThat(server.endpoint("faults").toString()).doesNotContain(secret);
    }
}
