package io.pgbk.catalog.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every object store promises. Each test has a prefix of its own in a bucket that others use too. */
abstract class ObjectStoreContract {
    /** The smallest part that S3 allows: the sizes around it are where uploads change their ways. */
    static final int PART_BYTES = S3StoreConfig.Transfer.SMALLEST_PART_BYTES;

    static final S3StoreConfig.Transfer SMALL_PAGES = new S3StoreConfig.Transfer(PART_BYTES, 2, 7);

    private final Random random = new Random(1);
    private final String prefix = "contract-" + HexFormat.of().toHexDigits(System.nanoTime());
    ObjectStore store;
    ObjectStore otherClient;

    /** Opens a store over an empty place named by the prefix; the same prefix gives the same place. */
    abstract ObjectStore openStore(String emptyPrefix);

    @BeforeEach
    void open() {
        store = openStore(prefix);
        otherClient = openStore(prefix);
    }

    @AfterEach
    void close() {
        List<String> keys = new ArrayList<>();
        store.list("", "").forEachRemaining(object -> keys.add(object.key()));
        assertThat(store.delete(keys)).isEmpty();
        assertThat(store.list("", "")).isExhausted();
        store.close();
        otherClient.close();
    }

    static ObjectBody body(String text) {
        return new BytesBody(text.getBytes(UTF_8));
    }

    byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
    }

    private void create(String... keys) {
        for (String key : keys) {
            assertThat(store.create(key, body(key))).isEqualTo(CreateOutcome.CREATED);
        }
    }

    private List<String> list(String listPrefix, String after) {
        List<String> keys = new ArrayList<>();
        store.list(listPrefix, after).forEachRemaining(object -> keys.add(object.key()));
        return keys;
    }

    private byte[] read(String key, long offset, long length) throws IOException {
        try (InputStream in = store.read(key, offset, length)) {
            return in.readAllBytes();
        }
    }

    @Test
    void whatWasCreatedIsVisibleToEveryReadAndListing() throws IOException {
        assertThat(store.create("a/b/c", body("hello"))).isEqualTo(CreateOutcome.CREATED);

        assertThat(otherClient.readAll("a/b/c", 5)).isEqualTo("hello".getBytes(UTF_8));
        assertThat(otherClient.findLength("a/b/c")).hasValue(5);
        assertThat(otherClient.list("", "")).toIterable().containsExactly(new ObjectInfo("a/b/c", 5));
        assertThat(read("a/b/c", 1, 3)).isEqualTo("ell".getBytes(UTF_8));
    }

    @Test
    void aSecondCreationWithOtherBytesChangesNothing() {
        create("key");

        assertThat(store.create("key", body("yek"))).isEqualTo(CreateOutcome.EXISTS);
        assertThat(otherClient.create("key", body("longer than before"))).isEqualTo(CreateOutcome.EXISTS);
        assertThat(otherClient.create("key", body(""))).isEqualTo(CreateOutcome.EXISTS);
        assertThat(store.readAll("key", 100)).isEqualTo("key".getBytes(UTF_8));
    }

    @Test
    void aCreationThatMeetsItsOwnFirstWriteIsCreated() {
        byte[] content = randomBytes(300_000);
        assertThat(store.create("key", new BytesBody(content))).isEqualTo(CreateOutcome.CREATED);

        assertThat(store.create("key", new BytesBody(content))).isEqualTo(CreateOutcome.CREATED);
        assertThat(otherClient.create("key", new BytesBody(content))).isEqualTo(CreateOutcome.CREATED);
        content[299_999]++;
        assertThat(otherClient.create("key", new BytesBody(content))).isEqualTo(CreateOutcome.EXISTS);
    }

    @Test
    void anEmptyObjectIsAnObject() throws IOException {
        assertThat(store.create("empty", body(""))).isEqualTo(CreateOutcome.CREATED);
        assertThat(store.create("empty", body(""))).isEqualTo(CreateOutcome.CREATED);
        assertThat(store.create("empty", body("x"))).isEqualTo(CreateOutcome.EXISTS);

        assertThat(store.findLength("empty")).hasValue(0);
        assertThat(store.readAll("empty", 0)).isEmpty();
        assertThat(read("empty", 0, 0)).isEmpty();
        assertThat(store.list("", "")).toIterable().containsExactly(new ObjectInfo("empty", 0));
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> store.read("empty", 0, 1));
    }

    @Test
    void ofManyRacingWritersExactlyOneCreates() throws Exception {
        int writers = 6;
        for (int round = 0; round < 8; round++) {
            String key = "race/" + round;
            CyclicBarrier start = new CyclicBarrier(writers);
            List<Callable<CreateOutcome>> racers = new ArrayList<>();
            for (int writer = 0; writer < writers; writer++) {
                ObjectStore client = writer % 2 == 0 ? store : otherClient;
                ObjectBody content = body("writer " + writer);
                racers.add(() -> {
                    start.await();
                    return client.create(key, content);
                });
            }
            List<CreateOutcome> outcomes = all(racers);
            assertThat(outcomes).containsOnlyOnce(CreateOutcome.CREATED);
            assertThat(store.readAll(key, 100))
                    .asString(UTF_8)
                    .isEqualTo("writer " + outcomes.indexOf(CreateOutcome.CREATED));
        }
    }

    private static <T> List<T> all(List<Callable<T>> calls) throws Exception {
        List<T> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(calls.size())) {
            for (Future<T> future : threads.invokeAll(calls)) {
                results.add(future.get());
            }
        }
        return results;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 3})
    void anUploadOfAnySizeBecomesOneObject(int length) throws IOException {
        byte[] content = randomBytes(length);
        try (ObjectUpload upload = store.upload("dir/object")) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                ByteBuffer piece = bytes.slice(bytes.position(), Math.min(1_000_003, bytes.remaining()));
                bytes.position(bytes.position() + piece.remaining());
                upload.write(piece);
                assertThat(piece.hasRemaining()).isFalse();
            }
            assertThat(upload.length()).isEqualTo(length);
            assertThat(store.findLength("dir/object")).isEmpty();
            upload.complete();
        }
        assertThat(otherClient.findLength("dir/object")).hasValue(length);
        assertThat(read("dir/object", 0, length)).isEqualTo(content);
    }

    @Test
    void anUploadTakesDirectBuffersAndLetsThemBeUsedAgain() {
        byte[] content = randomBytes(PART_BYTES + PART_BYTES / 2);
        ByteBuffer direct = ByteBuffer.allocateDirect(1 << 16);
        try (ObjectUpload upload = store.upload("object")) {
            for (int position = 0; position < content.length; position += direct.position()) {
                direct.clear().put(content, position, Math.min(direct.capacity(), content.length - position));
                upload.write(direct.flip());
            }
            upload.complete();
        }
        assertThat(store.readAll("object", content.length)).isEqualTo(content);
    }

    @Test
    void anUploadThatIsClosedLeavesNothing() {
        try (ObjectUpload upload = store.upload("small")) {
            upload.write(ByteBuffer.wrap(randomBytes(10)));
        }
        try (ObjectUpload upload = store.upload("large")) {
            upload.write(ByteBuffer.wrap(randomBytes(2 * PART_BYTES + 1)));
        }
        assertThat(store.findLength("small")).isEmpty();
        assertThat(store.findLength("large")).isEmpty();
        assertThat(list("", "")).isEmpty();
        assertThat(unfinishedUploads(prefix)).isEmpty();
    }

    @Test
    void anUploadIsAskedForTheLastTimeWhenAllItsContentIsThereAndThenLeavesNothing() {
        for (int length : new int[] {10, 2 * PART_BYTES + 1}) {
            byte[] content = randomBytes(length);
            try (ObjectUpload upload = store.upload("key" + length)) {
                upload.write(ByteBuffer.wrap(content));
                assertThat(upload.completeIf(() -> false)).isFalse();
            }
            assertThat(store.findLength("key" + length)).isEmpty();
            assertThat(unfinishedUploads(prefix)).isEmpty();
        }
        byte[] content = randomBytes(2 * PART_BYTES + 1);
        try (ObjectUpload upload = store.upload("key")) {
            upload.write(ByteBuffer.wrap(content));
            assertThat(upload.completeIf(() -> true)).isTrue();
        }
        assertThat(store.readAll("key", content.length)).isEqualTo(content);
    }

    /** Traces of uploads that were not completed, where the place can be looked at from outside. */
    String unfinishedUploads(String usedPrefix) {
        return "";
    }

    @Test
    void anUploadDoesNotReplaceAnObject() {
        create("key");
        try (ObjectUpload upload = store.upload("key")) {
            upload.write(ByteBuffer.wrap(randomBytes(10)));
            assertFails(ErrorCode.HELD_BY_ANOTHER, upload::complete);
        }
        assertThat(store.readAll("key", 100)).isEqualTo("key".getBytes(UTF_8));
    }

    @Test
    @Timeout(60)
    void uploadsThatStandStillKeepNoOtherFromGoingOn() {
        BufferPool pool = new BufferPool(4 * BufferPool.sizeOf(PART_BYTES));
        byte[] content = randomBytes(2 * PART_BYTES + 3);
        List<ObjectUpload> uploads = new ArrayList<>();
        long each = Math.max(1, store.uploadBufferBytes());
        try (BufferPool.Reservation reservation = pool.reserve("uploads", 4, each, TaskMonitor.SILENT)) {
            assertThat(reservation.shares()).hasSize(4);
            try {
                // More of them than the store has parts in flight, all in one thread.
                for (BufferPool.Share share : reservation.shares()) {
                    ObjectUpload upload = store.upload("still/" + uploads.size(), share);
                    upload.write(ByteBuffer.wrap(content, 0, 1));
                    uploads.add(upload);
                }
                for (ObjectUpload upload : uploads.reversed()) {
                    upload.write(ByteBuffer.wrap(content, 1, content.length - 1));
                }
                uploads.forEach(ObjectUpload::complete);
            } finally {
                uploads.forEach(ObjectUpload::close);
            }
        }
        assertThat(pool.peakBytes()).isLessThanOrEqualTo(pool.limitBytes());
        assertThat(pool.reservedBytes()).isZero();
        for (int i = 0; i < 4; i++) {
            assertThat(store.readAll("still/" + i, content.length)).isEqualTo(content);
        }
    }

    @Test
    void moreUploadsThanBuffersGoOnSideBySide() throws Exception {
        Map<String, byte[]> contents = new HashMap<>();
        List<Callable<Void>> uploads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String key = "parallel/" + i;
            byte[] content = randomBytes(PART_BYTES + PART_BYTES / 3 * i);
            contents.put(key, content);
            uploads.add(() -> {
                try (ObjectUpload upload = store.upload(key)) {
                    upload.write(ByteBuffer.wrap(content));
                    upload.complete();
                }
                return null;
            });
        }
        all(uploads);
        contents.forEach((key, content) ->
                assertThat(store.readAll(key, content.length)).as(key).isEqualTo(content));
    }

    @Test
    void aRangeIsExact() throws IOException {
        byte[] content = randomBytes(100_000);
        store.create("object", new BytesBody(content));

        for (int[] range : new int[][] {{0, 1}, {0, 100_000}, {50_000, 10}, {99_999, 1}, {100_000, 0}, {7, 0}}) {
            assertThat(read("object", range[0], range[1]))
                    .isEqualTo(java.util.Arrays.copyOfRange(content, range[0], range[0] + range[1]));
        }
        try (InputStream in = store.read("object", 99_000, 1000)) {
            assertThat(in.read()).isEqualTo(content[99_000] & 0xff);
            assertThat(in.readNBytes(2000)).hasSize(999);
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void aRangePastTheEndIsDamage() {
        create("12345");

        for (int[] range : new int[][] {{0, 6}, {4, 2}, {5, 1}, {6, 1}, {6, 0}, {1_000, 1_000}}) {
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> store.read("12345", range[0], range[1]))
                    .withMessageContainingAll("12345", "5 bytes")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
        }
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> store.read("12345", 1, Long.MAX_VALUE - 1));
    }

    @Test
    void aMissingKeyIsSaidToBeMissing() {
        create("a/there");

        for (String key : List.of("missing", "a", "a/missing", "a/there/below", "b/c/d")) {
            assertThat(store.findLength(key)).as(key).isEqualTo(OptionalLong.empty());
            assertThatExceptionOfType(ObjectMissingException.class)
                    .isThrownBy(() -> store.readAll(key, 10))
                    .satisfies(e -> assertThat(e.key()).isEqualTo(key));
            assertThatExceptionOfType(ObjectMissingException.class).isThrownBy(() -> store.read(key, 0, 10));
            assertThatExceptionOfType(ObjectMissingException.class).isThrownBy(() -> store.read(key, 0, 0));
        }
    }

    @Test
    void aWholeReadIsBounded() {
        store.create("object", new BytesBody(randomBytes(1001)));

        assertThat(store.readAll("object", 1001)).hasSize(1001);
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> store.readAll("object", 1000));
    }

    @Test
    void aListingIsInTheOrderOfTheKeysBytes() {
        List<String> keys = List.of("a-b", "a/b", "a/b-c/d", "a/c", "a0", "aB", "b", "b1/x", "b10/x", "c/d/e/f");
        List<String> shuffled = new ArrayList<>(keys);
        Collections.shuffle(shuffled, random);
        create(shuffled.toArray(String[]::new));

        assertThat(list("", "")).containsExactlyElementsOf(keys);
        assertThat(list("a", "")).containsExactly("a-b", "a/b", "a/b-c/d", "a/c", "a0", "aB");
        assertThat(list("a/", "")).containsExactly("a/b", "a/b-c/d", "a/c");
        assertThat(list("a/b", "")).containsExactly("a/b", "a/b-c/d");
        assertThat(list("b1", "")).containsExactly("b1/x", "b10/x");
        assertThat(list("none", "")).isEmpty();
        assertThat(list("none/", "")).isEmpty();
        for (int i = 0; i < keys.size(); i++) {
            assertThat(list("", keys.get(i))).containsExactlyElementsOf(keys.subList(i + 1, keys.size()));
        }
        assertThat(list("a/", "a/b")).containsExactly("a/b-c/d", "a/c");
        assertThat(list("a/", "a/bb")).containsExactly("a/c");
        assertThat(list("b", "a")).containsExactly("b", "b1/x", "b10/x");
    }

    @Test
    void aListingOfManyPagesIsCompleteAndChildrenToo() throws Exception {
        List<String> keys = IntStream.range(0, 45)
                .mapToObj(i -> "d/%02d/%03d".formatted(i / 3, i))
                .toList();
        List<Callable<CreateOutcome>> writers = new ArrayList<>();
        keys.forEach(key -> writers.add(() -> store.create(key, body(key))));
        all(writers);

        assertThat(list("", "")).containsExactlyElementsOf(keys);
        assertThat(list("d/", "d/04/014")).containsExactlyElementsOf(keys.subList(15, 45));
        assertThat(store.listChildren("d/"))
                .containsExactlyElementsOf(
                        IntStream.range(0, 15).mapToObj("%02d/"::formatted).toList());
        Iterator<ObjectInfo> iterator = store.list("d/00/", "");
        assertThat(iterator.next()).isEqualTo(new ObjectInfo("d/00/000", 8));
    }

    @Test
    void childrenAreTheNextParts() {
        create("top", "a/x", "a/y/1", "a/y/2", "ab/z");

        assertThat(store.listChildren("")).containsExactly("a/", "ab/", "top");
        assertThat(store.listChildren("a/")).containsExactly("x", "y/");
        assertThat(store.listChildren("a/y/")).containsExactly("1", "2");
        assertThat(store.listChildren("nothing/")).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> store.listChildren("a"));

        store.delete(List.of("ab/z", "a/y/1", "a/y/2"));
        assertThat(store.listChildren("")).containsExactly("a/", "top");
        assertThat(store.listChildren("a/")).containsExactly("x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/a",
                "a/",
                "a//b",
                ".",
                "..",
                "a/../b",
                "a/.",
                "./a",
                "a b",
                "a\nb",
                "ä",
                "a\\b",
                "a\0",
                "\u007f",
                ".pgbk-tmp-1",
                "a/.pgbk-tmpx"
            })
    void oddKeysAreRefused(String key) {
        assertThatIllegalArgumentException().isThrownBy(() -> store.create(key, body("x")));
        assertThatIllegalArgumentException().isThrownBy(() -> store.upload(key));
        assertThatIllegalArgumentException().isThrownBy(() -> store.read(key, 0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> store.readAll(key, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> store.findLength(key));
        assertThatIllegalArgumentException().isThrownBy(() -> store.delete(List.of(key)));
    }

    @Test
    void keysWithAllTheirCharactersAreKept() {
        String key = "20261121T031500Z-7k2f-full/it's+a=\"key\"&<that>%20is~(odd),!$*:;@?#[]{}|^`._x";
        create(key, "p".repeat(200) + "/" + "q".repeat(200));

        assertThat(list("", "")).containsExactly(key, "p".repeat(200) + "/" + "q".repeat(200));
        assertThat(store.readAll(key, 1000)).isEqualTo(key.getBytes(UTF_8));
        assertThat(store.delete(List.of(key))).isEmpty();
        assertThat(store.findLength(key)).isEmpty();
    }

    @Test
    void removingIsFinalAndAMissingObjectCountsAsRemoved() {
        create("a/1", "a/2", "b");
        List<String> keys = new ArrayList<>(List.of("a/1", "b", "b/below"));
        IntStream.range(0, 1100).forEach(i -> keys.add("missing/" + i));

        assertThat(store.delete(keys)).isEmpty();
        assertThat(list("", "")).containsExactly("a/2");
        assertThat(store.findLength("a/1")).isEmpty();
        assertThat(store.delete(List.of())).isEmpty();
        assertThat(store.create("a/1", body("again"))).isEqualTo(CreateOutcome.CREATED);
        assertThat(store.readAll("a/1", 10)).isEqualTo("again".getBytes(UTF_8));
    }

    @Test
    void theStoreHasAClock() {
        assertThat(Duration.between(store.currentTime(), Instant.now()).abs()).isLessThan(Duration.ofMinutes(5));
        assertThat(list("", "")).isEmpty();
    }

    @Test
    void theProbeFindsTheGuaranteesAndLeavesNothing() {
        assertThat(store.probe("some/where")).isEqualTo(expectedProbe());
        assertThat(list("", "")).isEmpty();
    }

    StoreProbe expectedProbe() {
        return new StoreProbe(true, true, true, false);
    }

    @Test
    void aFinishedUploadTakesNoMore() {
        ObjectUpload upload = store.upload("key");
        upload.write(ByteBuffer.wrap(new byte[1]));
        upload.complete();
        upload.close();

        assertThat(store.findLength("key")).hasValue(1);
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> upload.write(ByteBuffer.wrap(new byte[1])));
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(upload::complete);
    }
}
