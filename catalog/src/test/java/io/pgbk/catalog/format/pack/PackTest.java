package io.pgbk.catalog.format.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackTest {
    private static final int FRAME = 64 * 1024;
    private static final int PAGE = 8192;
    private static final PackSettings SETTINGS = new PackSettings(Compression.zstd(1), FRAME, 10 * FRAME, PAGE);
    private static final PackSettings LARGE = PackSettings.of(Compression.zstd(1), PAGE);

    private final MemoryStore store = new MemoryStore();
    private final PackTable table = new PackTable(k -> "clusters/main/packs/x/" + k);
    private final List<byte[]> pieces = new ArrayList<>();
    private final List<Placement> placements = new ArrayList<>();

    private void write(KeyRing ring, long seed) {
        Random random = new Random(seed);
        try (PackWriter writer = new PackWriter(store, ring, table, SETTINGS, new TestRings.FixedRandom(seed))) {
            for (int i = 0; i < 150; i++) {
                boolean pages = random.nextBoolean();
                int length = pages ? PAGE * (1 + random.nextInt(FRAME / PAGE)) : 1 + random.nextInt(FRAME);
                byte[] piece = TestRings.content(length + 10, random.nextLong());
                pieces.add(Bytes.of(piece, 10, length).toArray());
                placements.add(writer.append(piece, 10, length, pages));
                assertThat(length < FRAME / 2 || placements.getLast().isSealed())
                        .isTrue();
            }
            writer.finish();
            assertThat(writer.storedBytes())
                    .isEqualTo(table.completed().stream()
                            .mapToLong(PackRef::length)
                            .sum());
        }
    }

    private Map<Extent.Frame, byte[]> readAll(KeyRing ring) throws Exception {
        Map<Extent.Frame, byte[]> frames = new HashMap<>();
        try (PackReader reader = new PackReader(store, ring)) {
            for (int ordinal = 0; ordinal < table.completed().size(); ordinal++) {
                List<Extent.Frame> wanted = new ArrayList<>();
                for (Placement placement : placements) {
                    if (placement.extent().frame().pack() == ordinal) {
                        wanted.add(placement.extent().frame());
                    }
                }
                reader.read(table.completed().get(ordinal), wanted, (frame, raw) -> {
                    assertThat(frames).doesNotContainKey(frame);
                    frames.put(frame, Bytes.of(raw, 0, frame.rawLength()).toArray());
                });
            }
        }
        return frames;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void piecesComeBackFromWhereTheirExtentsSay(boolean encrypted) throws Exception {
        KeyRing ring = TestRings.ring(encrypted);
        write(ring, TestRings.seed());
        assertThat(table.completed()).hasSizeGreaterThan(3);
        Map<Extent.Frame, byte[]> frames = readAll(ring);
        for (int i = 0; i < pieces.size(); i++) {
            Extent.Stored extent = placements.get(i).extent();
            byte[] frame = Objects.requireNonNull(frames.get(extent.frame()));
            assertThat(Bytes.of(frame, extent.offsetInFrame(), extent.bytes())).isEqualTo(Bytes.of(pieces.get(i)));
        }
    }

    @Test
    void nothingOfWhatABufferHeldBeforeIsStoredOrDelivered() throws Exception {
        byte[] secret = "a row of another cluster".getBytes(StandardCharsets.US_ASCII);
        BufferPool pool = new BufferPool(8L << 20);
        List<byte[]> used = new ArrayList<>();
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow()) {
            for (int i = 0; i < 6; i++) {
                byte[] array = share.take(1 << (i < 3 ? 16 : 20));
                for (int at = 0; at + secret.length <= array.length; at += secret.length) {
                    System.arraycopy(secret, 0, array, at, secret.length);
                }
                used.add(array);
            }
        }
        PackSettings plain = new PackSettings(Compression.NONE, FRAME, 10 * FRAME, PAGE);
        KeyRing ring = TestRings.ring(false);
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow()) {
            assertThat(share.take(1 << 16)).as("an array that was used").isIn(used);
            try (PackWriter writer = new PackWriter(store, ring, table, plain, new TestRings.FixedRandom(7), share)) {
                for (int length : new int[] {FRAME, 5, PAGE, FRAME - 1, 17}) {
                    pieces.add(new byte[length]);
                    placements.add(writer.append(pieces.getLast(), 0, length, false));
                }
                writer.finish();
            }
            PackRef pack = table.completed().getFirst();
            assertThat(new String(store.readAll(pack.path(), (int) pack.length()), StandardCharsets.ISO_8859_1))
                    .doesNotContain(new String(secret, StandardCharsets.ISO_8859_1));
            try (PackReader reader = new PackReader(store, ring, share)) {
                reader.verify(pack);
                for (int i = 0; i < pieces.size(); i++) {
                    Extent.Stored extent = placements.get(i).extent();
                    byte[] piece = pieces.get(i);
                    reader.read(
                            pack,
                            List.of(extent.frame()),
                            (frame, raw) -> assertThat(Bytes.of(raw, extent.offsetInFrame(), extent.bytes()))
                                    .isEqualTo(Bytes.of(piece)));
                }
            }
        }
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void packsEndAtFrameBordersNearTheTarget() {
        write(TestRings.ring(true), 1);
        List<PackRef> packs = table.completed();
        for (PackRef pack : packs) {
            assertThat(pack.sha256()).isEqualTo(Bytes.of(Digests.sha256(store.get(pack.path()))));
            assertThat(store.get(pack.path())).hasSize((int) pack.length());
            assertThat(pack.length()).isLessThan(12L * FRAME);
        }
        assertThat(packs.subList(0, packs.size() - 1)).allMatch(pack -> pack.length() >= 10L * FRAME);
    }

    @Test
    void theDigestOfEveryPageIsFoundThroughItsExtent() {
        KeyRing ring = TestRings.ring(true);
        write(ring, 2);
        try (PackReader reader = new PackReader(store, ring)) {
            int found = 0;
            for (int i = 0; i < pieces.size(); i++) {
                Extent.Stored extent = placements.get(i).extent();
                PageDigests digests = reader.readPageDigests(
                        table.completed().get(extent.frame().pack()));
                int number = extent.frame().number();
                if (digests.find(number, extent.offsetInFrame()).isPresent()) {
                    byte[] piece = pieces.get(i);
                    for (int at = 0; at + PAGE <= piece.length; at += PAGE) {
                        assertThat(digests.find(number, extent.offsetInFrame() + at))
                                .hasValue(digests.digest(piece, at));
                        found++;
                    }
                    assertThat(digests.find(number, extent.offsetInFrame() + 1)).isEmpty();
                }
            }
            assertThat(found).isGreaterThan(100);
        }
    }

    @Test
    void aWholePackIsVerifiedAndEveryDamageIsFound() {
        KeyRing ring = TestRings.ring(true);
        write(ring, 3);
        PackRef pack = table.completed().getFirst();
        try (PackReader reader = new PackReader(store, ring)) {
            reader.verify(pack);
            byte[] sound = store.get(pack.path()).clone();
            for (int at = 0; at < sound.length; at += 20_011) {
                byte[] damaged = sound.clone();
                damaged[at] ^= 4;
                store.put(pack.path(), damaged);
                assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> reader.verify(pack));
            }
            // Two sound packs with each other's names.
            store.put(pack.path(), store.get(table.completed().get(1).path()));
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> reader.verify(pack))
                    .withMessageContaining(pack.path());
        }
    }

    @Test
    void aFrameNamedOutsideItsPackOrWithImpossibleLengthsIsRefusedBeforeAllocation() {
        KeyRing ring = TestRings.ring(false);
        write(ring, 4);
        PackRef pack = table.completed().getFirst();
        try (PackReader reader = new PackReader(store, ring)) {
            for (Extent.Frame hostile : List.of(
                    new Extent.Frame(0, 0, pack.length() - 10, 100, 100),
                    new Extent.Frame(0, 0, 67, 20, Integer.MAX_VALUE),
                    new Extent.Frame(0, 0, 67, 3, 10),
                    new Extent.Frame(0, 0, Long.MAX_VALUE - 5, Integer.MAX_VALUE, 10))) {
                assertThatExceptionOfType(PgbkException.class)
                        .isThrownBy(() -> reader.read(pack, List.of(hostile), (frame, raw) -> {}))
                        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
            }
        }
    }

    @Test
    void aWriterThatIsGivenUpLeavesNoPackBehind() {
        try (PackWriter writer =
                new PackWriter(store, TestRings.ring(true), table, SETTINGS, new TestRings.FixedRandom(1))) {
            writer.append(new byte[FRAME], 0, FRAME, true);
        }
        assertThat(store.list("", "").hasNext()).isFalse();
    }

    private static byte[] random(int length) {
        byte[] content = new byte[length];
        new Random(TestRings.seed()).nextBytes(content);
        return content;
    }

    /** Two frames of random bytes in a pack. */
    private PackRef largeFrames(KeyRing ring, PackTable of) {
        byte[] content = random(LARGE.frameBytes());
        try (PackWriter writer = new PackWriter(store, ring, of, LARGE, new TestRings.FixedRandom(11))) {
            writer.append(content, 0, content.length, true);
            writer.append(content, 0, content.length, true);
            writer.finish();
        }
        return of.completed().getFirst();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.3, 0.5, 0.9})
    void aWriterNeedsNoMoreThanItsShareWhenContentSuddenlyCompressesWorse(double first) {
        KeyRing ring = TestRings.ring(true);
        BufferPool pool = new BufferPool(PackWriter.bufferBytes(store, LARGE));
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow();
                PackWriter writer = new PackWriter(store, ring, table, LARGE, new TestRings.FixedRandom(7), share)) {
            byte[] content = random(LARGE.frameBytes());
            for (double part : new double[] {first, 0.95, 1}) {
                byte[] piece = new byte[content.length];
                System.arraycopy(content, 0, piece, 0, (int) (part * piece.length));
                writer.append(piece, 0, piece.length, true);
            }
            writer.finish();
        }
        assertThat(pool.peakBytes()).isEqualTo(pool.limitBytes());
        assertThat(pool.grownBytes()).isZero();
        try (PackReader reader = new PackReader(store, ring)) {
            table.completed().forEach(reader::verify);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFlippedBitInTheFrameSizeOfAPackIsDamageAndTakesNoMoreMemory(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        PackRef pack = largeFrames(ring, table);
        flipFrameSize(pack.path());
        BufferPool pool = new BufferPool(PackReader.bufferBytes(LARGE.frameBytes()));
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow();
                PackReader reader = new PackReader(store, ring, share)) {
            assertDamaged(pack.path(), () -> reader.verify(pack));
        }
        assertThat(pool.grownBytes()).isZero();
    }

    @Test
    void aFlippedBitInTheFrameSizeOfAPackOrOfItsCopyEndsTheCopyAsDamageAndTakesNoMoreMemory() {
        KeyRing ring = TestRings.ring(true);
        PackRef pack = largeFrames(ring, table);
        MemoryStore other = new MemoryStore();
        PackCopier copier = new PackCopier(
                new PackCopier.Place(store, ring),
                new PackCopier.Place(other, ring),
                LARGE.compression(),
                new TestRings.FixedRandom(3),
                bytes -> {});
        BufferPool pool = new BufferPool(copier.bufferBytes(LARGE.frameBytes()));
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow()) {
            PackRef copy = copier.copy(pack, pack.path(), () -> {}, share).pack();
            assertThat(copier.inspect(pack, copy.path(), copy.length(), share).pack())
                    .isEqualTo(copy);
            flipFrameSize(pack.path());
            assertDamaged(pack.path(), () -> copier.copy(pack, "again", () -> {}, share));
            byte[] content = other.get(copy.path()).clone();
            store.put(copy.path(), content);
            flipFrameSize(copy.path());
            other.put(copy.path(), store.get(copy.path()));
            assertDamaged(copy.path(), () -> copier.inspect(pack, copy.path(), copy.length(), share));
        }
        assertThat(pool.grownBytes()).isZero();
        assertThat(other.findLength("again")).isEmpty();
    }

    @Test
    void aPackThatAnotherStoredWhileItWasCopiedIsTakenAndNotReplaced() {
        KeyRing ring = TestRings.ring(true);
        PackRef source = packOf(store, ring, random(5 * FRAME), true);
        MemoryStore other = new MemoryStore();
        PackCopier copier = new PackCopier(
                new PackCopier.Place(store, ring),
                new PackCopier.Place(other, ring),
                SETTINGS.compression(),
                new TestRings.FixedRandom(3),
                bytes -> {});
        BufferPool pool = new BufferPool(2 * copier.bufferBytes(SETTINGS.frameBytes()));
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow()) {
            List<PackCopier.Copied> first = new ArrayList<>();
            PackCopier.Copied taken =
                    copier.copy(source, "copy", () -> first.add(copier.copy(source, "copy", () -> {}, share)), share);
            assertThat(taken.pack()).isEqualTo(first.getFirst().pack());
            try (PackReader reader = new PackReader(other, ring)) {
                reader.verify(taken.pack());
            }

            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> copier.copy(
                            source,
                            "refused",
                            () -> {
                                throw new IllegalStateException("the lease was lost");
                            },
                            share));
        }
        assertThat(other.findLength("refused")).isEmpty();
    }

    /** A pack of pages and one of other bytes, by what differs in the copy's content: nothing, or one byte. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPackThatIsThereAlreadyIsTakenAsTheCopyOnlyWhenEveryFrameHoldsTheSame(boolean pages) {
        KeyRing ring = TestRings.ring(true);
        KeyRing otherRing = KeyRing.create(TestRings.REPOSITORY, new TestRings.FixedRandom(99));
        byte[] content = random(5 * FRAME);
        byte[] changed = content.clone();
        changed[3 * FRAME + 17] ^= 1;
        PackRef source = packOf(store, ring, content, pages);
        MemoryStore other = new MemoryStore();
        PackCopier copier = new PackCopier(
                new PackCopier.Place(store, ring),
                new PackCopier.Place(other, otherRing),
                SETTINGS.compression(),
                new TestRings.FixedRandom(3),
                bytes -> {});
        BufferPool pool = new BufferPool(copier.bufferBytes(SETTINGS.frameBytes()));
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow()) {
            PackRef same = packOf(other, otherRing, content, pages);
            assertThat(copier.inspect(source, same.path(), same.length(), share).pack())
                    .isEqualTo(same);

            PackRef another = packOf(other, otherRing, changed, pages);
            assertThat(another.length()).isEqualTo(same.length());
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> copier.inspect(source, another.path(), another.length(), share))
                    .withMessageContaining(another.path())
                    .withMessageContaining("frame 3")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
        }
        assertThat(pool.grownBytes()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void hazardAPackThatABackupUsesUnderANameThatTwoCompactionsGaveIsNotTakenForTheOther(boolean pages) {
        KeyRing ring = TestRings.ring(true);
        KeyRing otherRing = KeyRing.create(TestRings.REPOSITORY, new TestRings.FixedRandom(99));
        byte[] content = random(5 * FRAME);
        PackRef source = packOf(store, ring, content, pages);
        MemoryStore other = new MemoryStore();
        PackCopier copier = new PackCopier(
                new PackCopier.Place(store, ring),
                new PackCopier.Place(other, otherRing),
                SETTINGS.compression(),
                new TestRings.FixedRandom(3),
                bytes -> {});
        byte[] changed = content.clone();
        for (int at = 17; at < changed.length; at += FRAME) {
            changed[at] ^= 1;
        }
        BufferPool pool = new BufferPool(copier.bufferBytes(SETTINGS.frameBytes()));
        try (BufferPool.Share share = pool.tryReserve(pool.limitBytes()).orElseThrow()) {
            PackRef same = packOf(other, otherRing, content, pages);
            assertThat(copier.locateCompared(source, same, share).pack()).isEqualTo(same);

            PackRef another = packOf(other, otherRing, changed, pages);
            assertThat(another.rawLength()).isEqualTo(source.rawLength());
            // By the lengths alone it is the same.
            assertThat(copier.locate(source, another).pack()).isEqualTo(another);
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> copier.locateCompared(source, another, share))
                    .withMessageContaining(another.path())
                    .withMessageContaining("holds something else")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
        }
        assertThat(pool.grownBytes()).isZero();
    }

    private static PackRef packOf(MemoryStore to, KeyRing ring, byte[] content, boolean pages) {
        PackTable of = new PackTable(k -> "clusters/main/packs/x/" + k);
        try (PackWriter writer = new PackWriter(to, ring, of, SETTINGS, new TestRings.FixedRandom(11))) {
            for (int at = 0; at < content.length; at += FRAME) {
                writer.append(content, at, FRAME, pages);
            }
            writer.finish();
        }
        return of.completed().getFirst();
    }

    /** 1 MiB becomes 9 MiB. */
    private void flipFrameSize(String path) {
        byte[] damaged = store.get(path).clone();
        assertThat(damaged[21]).isEqualTo((byte) 0x10);
        damaged[21] = (byte) 0x90;
        store.put(path, damaged);
    }

    private static void assertDamaged(String path, ThrowingCallable reading) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(reading)
                .withMessageContaining(path)
                .withMessageContaining("header")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }
}
