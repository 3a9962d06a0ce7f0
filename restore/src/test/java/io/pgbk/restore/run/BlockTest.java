package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import io.pgbk.task.ScratchBuffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files whose pages come from several frames, restored frame by frame in any order, as a batch does. */
class BlockTest {
    private static final int PAGE = 8192;
    private static final int PACKS = 4;
    private static final int FRAME_BYTES = 1 << 20;
    /** Reserves as much as there can be. */
    private static final long ROOMY = 1L << 30;

    @TempDir
    private Path directory;

    private final ExecutorService writers = Executors.newCachedThreadPool();
    private final AtomicInteger writes = new AtomicInteger();
    private final Disk disk = new Disk(null, change -> writes.addAndGet(change.equals("write") ? 1 : 0));

    @AfterEach
    void stop() {
        writers.shutdownNow();
    }

    /** A file as a manifest describes it, and the frames in which it lies. */
    private static final class Stored {
        private final FileEntry entry;
        private final byte[] content;
        private final List<List<byte[]>> frames;

        Stored(FileEntry entry, byte[] content, List<List<byte[]>> frames) {
            this.entry = entry;
            this.content = content;
            this.frames = frames;
        }
    }

    /** Lays out a file: pieces of it end at each of {@code ends}, and each lies in a pack, or nowhere when it is zeros. */
    private static Stored store(byte[] content, List<Integer> ends, Random random, boolean withZeros) {
        record Place(int pack, int frame, int offset, int length) {}
        List<Place> places = new ArrayList<>();
        List<List<byte[]>> frames = new ArrayList<>();
        List<ByteArrayOutputStream> open = new ArrayList<>();
        for (int pack = 0; pack < PACKS; pack++) {
            frames.add(new ArrayList<>());
            open.add(new ByteArrayOutputStream());
        }
        int at = 0;
        for (int end : ends) {
            while (at < end) {
                int length = Math.min(end - at, FRAME_BYTES);
                int pack = withZeros && random.nextInt(6) == 0 ? -1 : random.nextInt(PACKS);
                if (pack < 0) {
                    Arrays.fill(content, at, at + length, (byte) 0);
                    places.add(new Place(-1, 0, 0, length));
                } else {
                    if (open.get(pack).size() + length > FRAME_BYTES) {
                        frames.get(pack).add(open.get(pack).toByteArray());
                        open.get(pack).reset();
                    }
                    places.add(new Place(
                            pack, frames.get(pack).size(), open.get(pack).size(), length));
                    open.get(pack).write(content, at, length);
                }
                at += length;
            }
        }
        for (int pack = 0; pack < PACKS; pack++) {
            frames.get(pack).add(open.get(pack).toByteArray());
        }
        List<Extent> extents = new ArrayList<>();
        for (Place place : places) {
            extents.add(
                    place.pack() < 0
                            ? new Extent.Zeros(place.length())
                            : new Extent.Stored(
                                    new Extent.Frame(
                                            place.pack(),
                                            place.frame(),
                                            100 + 1000L * place.frame(),
                                            1000,
                                            frames.get(place.pack()).get(place.frame()).length),
                                    place.offset(),
                                    place.length()));
        }
        WindowDigester digester = new WindowDigester();
        digester.update(content, 0, content.length);
        FileEntry entry =
                FileEntry.file(Bytes.utf8("base/5/16384"), 0600, 0, content.length, extents, digester.finish());
        return new Stored(entry, content, frames);
    }

    private static byte[] randomBytes(int length, Random random) {
        byte[] content = new byte[length];
        random.nextBytes(content);
        return content;
    }

    private Path file() {
        return directory.resolve("file");
    }

    private void restore(Stored stored, boolean reuse, long poolBytes, Random random) throws IOException {
        BufferPool pool = new BufferPool(poolBytes);
        try (BlockMemory memory = new BlockMemory(pool)) {
            restore(stored, reuse, memory, random);
        }
        assertThat(pool.reservedBytes()).as("what is reserved afterwards").isZero();
        assertThat(pool.grownBytes()).isZero();
    }

    private void restore(Stored stored, boolean reuse, BlockMemory memory, Random random) throws IOException {
        ScratchBuffer scratch = new ScratchBuffer(Buffers.HEAP);
        List<Slice> slices = Slice.of(stored.entry, "base/5/16384", file());
        List<Slice.Piece> pieces = new ArrayList<>();
        for (Slice slice : slices) {
            slice.prepare(disk, reuse, scratch);
            pieces.addAll(BlockPlan.arrange(slice, slice.pieces(disk, reuse), memory));
        }
        // Frames come whole and in any order.
        List<Extent.Frame> frames = new ArrayList<>(
                pieces.stream().map(piece -> piece.extent().frame()).distinct().toList());
        Collections.shuffle(frames, random);
        try (PieceWriter writer = new PieceWriter(disk, new AlignedBuffers(), writers)) {
            for (Extent.Frame frame : frames) {
                byte[] raw = stored.frames.get(frame.pack()).get(frame.number());
                for (Slice.Piece piece : pieces) {
                    if (piece.extent().frame().equals(frame)) {
                        piece.put(raw, writer, memory, "label");
                    }
                }
            }
        }
        for (Slice slice : slices) {
            slice.proveRest(scratch, "label");
        }
    }

    /** Every eighth page of four windows from another frame than its neighbours. */
    private static Stored scattered(int bytes, Random random) {
        List<Integer> ends = new ArrayList<>();
        for (int at = 7 * PAGE; at < bytes; at += 8 * PAGE) {
            ends.add(at);
            ends.add(at + PAGE);
        }
        ends.add(bytes);
        return store(randomBytes(bytes, random), ends, random, false);
    }

    @Test
    void scatteredPagesAreWrittenInWholeBlocks() throws IOException {
        Stored stored = scattered(8 << 20, new Random(1));

        restore(stored, false, ROOMY, new Random(2));

        assertThat(file()).hasBinaryContent(stored.content);
        assertThat(writes).hasValue(8);
    }

    @Test
    void withoutMemoryForBlocksEveryPieceIsWrittenByItself() throws IOException {
        Stored stored = scattered(8 << 20, new Random(1));

        restore(stored, false, 1 << 20, new Random(2));

        assertThat(file()).hasBinaryContent(stored.content);
        assertThat(writes.get()).isGreaterThan(200);
    }

    @Test
    void aFileWithMoreBlocksThanThereIsMemoryForIsRestoredWholeAllTheSame() throws IOException {
        Stored stored = scattered(40 << 20, new Random(1));

        restore(stored, false, 40 << 20, new Random(2));

        assertThat(file()).hasBinaryContent(stored.content);
    }

    @Test
    void nothingOfABlockIsWrittenWhenAPieceIsNotWhatItWas() {
        Stored stored = scattered(1 << 20, new Random(1));
        stored.frames.get(2).getFirst()[4711] ^= 1;

        assertThatThrownBy(() -> restore(stored, false, ROOMY, new Random(2)))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED))
                .hasMessageContaining("base/5/16384")
                .hasMessageContaining("label");
        assertThat(file()).doesNotExist();
    }

    /** What the estimate leaves out, a batch has no memory for. */
    @Test
    void asManyBlocksAreExpectedAsAreWanted() throws IOException {
        Random random = new Random(5);
        for (int i = 0; i < 5; i++) {
            Stored stored = random(random, 36 << 20);
            BufferPool pool = new BufferPool(ROOMY);
            try (BlockMemory memory = new BlockMemory(pool)) {
                for (Slice slice : Slice.of(stored.entry, "base/5/16384", file())) {
                    long wanted = BlockPlan.arrange(slice, slice.pieces(disk, false), memory).stream()
                            .map(Slice.Piece::block)
                            .filter(block -> block != null)
                            .distinct()
                            .count();
                    assertThat(wanted).isLessThanOrEqualTo(BlockPlan.blocks(slice));
                }
            }
        }
    }

    /** Runs of pages, odd pieces and zeros. */
    private static Stored random(Random random, int mostBytes) {
        int bytes = random.nextBoolean() ? PAGE * random.nextInt(1, mostBytes / PAGE) : random.nextInt(1, mostBytes);
        List<Integer> ends = new ArrayList<>();
        int unit = random.nextInt(4) == 0 ? 1 : PAGE;
        int at = 0;
        while (at < bytes) {
            at += unit * (random.nextInt(3) == 0 ? random.nextInt(1, 3) : random.nextInt(1, 4 << 20) / unit + 1);
            ends.add(Math.min(at, bytes));
        }
        return store(randomBytes(bytes, random), ends, random, true);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whateverItIsMadeOfAFileIsRestoredAsItWas(boolean isThere) throws IOException {
        Random random = new Random(isThere ? 3 : 4);
        // The same memory for all, so that it holds what was in it before.
        try (BlockMemory roomy = new BlockMemory(new BufferPool(ROOMY));
                BlockMemory none = new BlockMemory(new BufferPool(1))) {
            for (int i = 0; i < 30; i++) {
                Stored stored = random(random, 3 << 20);
                Files.deleteIfExists(file());
                if (isThere) {
                    byte[] old = Arrays.copyOf(stored.content, random.nextInt(1, 2 * stored.content.length + 1));
                    for (int changes = random.nextInt(5); changes > 0; changes--) {
                        old[random.nextInt(old.length)] ^= 1;
                    }
                    Files.write(file(), old);
                }

                restore(stored, isThere, random.nextInt(4) == 0 ? none : roomy, random);

                assertThat(file()).as("number " + i).hasBinaryContent(stored.content);
            }
        }
    }
}
