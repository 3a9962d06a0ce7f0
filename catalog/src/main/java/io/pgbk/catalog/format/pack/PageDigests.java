package io.pgbk.catalog.format.pack;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.FrameIndex;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * The page digests of one pack: XXH3-64 of each relation page, seeded with a secret of the repository, kept in the
 * pack's index as runs of neighbouring pages.
 */
public final class PageDigests {
    private static final int VERSION = 1;

    private final int pageBytes;
    private final int epoch;
    private final Hasher64 hasher;
    private int[] runFrames = new int[16];
    private int[] runOffsets = new int[16];
    private int[] runFirst = new int[17];
    private int runs;
    private long[] digests = new long[1024];
    private int pages;

    PageDigests(int pageBytes, int epoch, long seed) {
        this.pageBytes = pageBytes;
        this.epoch = epoch;
        this.hasher = Hashing.xxh3_64(seed);
    }

    /** Adds the pages of a run that begins at the offset in the raw frame. */
    void add(int frame, int offsetInFrame, byte[] content, int offset, int length) {
        int count = length / pageBytes;
        beginRun(frame, offsetInFrame, count);
        for (int page = 0; page < count; page++) {
            digests[pages + page] = hasher.hashBytesToLong(content, offset + page * pageBytes, pageBytes);
        }
        pages += count;
        runFirst[runs] = pages;
    }

    private void beginRun(int frame, int offsetInFrame, int count) {
        if (runs == runFrames.length) {
            runFrames = Arrays.copyOf(runFrames, runs * 2);
            runOffsets = Arrays.copyOf(runOffsets, runs * 2);
            runFirst = Arrays.copyOf(runFirst, runs * 2 + 1);
        }
        if (digests.length - pages < count) {
            digests = Arrays.copyOf(digests, Math.max(digests.length * 2, pages + count));
        }
        runFrames[runs] = frame;
        runOffsets[runs] = offsetInFrame;
        runs++;
    }

    /** The page size of the digests. */
    public int pageBytes() {
        return pageBytes;
    }

    /** Pages with digests. */
    public int pages() {
        return pages;
    }

    /** About how much memory they take. */
    public long memoryBytes() {
        return Long.BYTES * (long) digests.length + 3L * Integer.BYTES * runFrames.length;
    }

    /** The digest of a page that is at hand, for comparing with {@link #find}. */
    public long digest(byte[] content, int offset) {
        return hasher.hashBytesToLong(content, offset, pageBytes);
    }

    /** The digest of the page at the place, empty when the pack keeps none for it. */
    public OptionalLong find(int frame, int offsetInFrame) {
        int low = 0;
        int high = runs - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (runFrames[middle] < frame || (runFrames[middle] == frame && runOffsets[middle] <= offsetInFrame)) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        if (high < 0 || runFrames[high] != frame) {
            return OptionalLong.empty();
        }
        int distance = offsetInFrame - runOffsets[high];
        int page = distance / pageBytes;
        return distance % pageBytes == 0 && page < runFirst[high + 1] - runFirst[high]
                ? OptionalLong.of(digests[runFirst[high] + page])
                : OptionalLong.empty();
    }

    /**
     * Takes the digests of a frame's pages over for a copy of the pack, made anew with the copy's seed.
     *
     * @param run where to go on: 0 for the first frame, then what the call for the frame before returned
     * @return where to go on with the next frame
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED when a page is not the one that was digested
     */
    int transfer(int run, int frame, byte[] raw, PageDigests copy, String path) {
        int at = run;
        for (; at < runs && runFrames[at] == frame; at++) {
            transferRun(at, raw, copy, frame, path);
        }
        return at;
    }

    /**
     * As {@link #transfer} for a single frame that gets another number.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED when a page is not the one that was digested
     */
    void transferFrame(int frame, byte[] raw, PageDigests copy, int newFrame, String path) {
        int at = Arrays.binarySearch(runFrames, 0, runs, frame);
        while (at > 0 && runFrames[at - 1] == frame) {
            at--;
        }
        for (; at >= 0 && at < runs && runFrames[at] == frame; at++) {
            transferRun(at, raw, copy, newFrame, path);
        }
    }

    /**
     * Compares a frame's pages with their digests.
     *
     * @param run as for {@link #transfer}
     * @return where to go on with the next frame
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED when a page is not the one that was digested
     */
    int compare(int run, int frame, byte[] raw, String path) {
        int at = run;
        for (; at < runs && runFrames[at] == frame; at++) {
            compareRun(at, raw, path);
        }
        return at;
    }

    /** How many bytes of the frame have digests. */
    long digestedBytes(int run, int frame) {
        long digested = 0;
        for (int at = run; at < runs && runFrames[at] == frame; at++) {
            digested += (long) (runFirst[at + 1] - runFirst[at]) * pageBytes;
        }
        return digested;
    }

    private void transferRun(int run, byte[] raw, PageDigests copy, int newFrame, String path) {
        compareRun(run, raw, path);
        int count = runFirst[run + 1] - runFirst[run];
        copy.add(newFrame, runOffsets[run], raw, runOffsets[run], count * pageBytes);
    }

    private void compareRun(int run, byte[] raw, String path) {
        int count = runFirst[run + 1] - runFirst[run];
        for (int page = 0; page < count; page++) {
            if (digest(raw, runOffsets[run] + page * pageBytes) != digests[runFirst[run] + page]) {
                throw Damage.of(
                        path,
                        "the page at byte " + (runOffsets[run] + page * pageBytes) + " of frame " + runFrames[run]
                                + " is not the one that was stored");
            }
        }
    }

    byte[] encode() {
        BinaryWriter out = new BinaryWriter(32 + runs * 8 + pages * Long.BYTES);
        out.u8(VERSION).u32(pageBytes).u32(epoch).varint(runs);
        int frame = 0;
        for (int run = 0; run < runs; run++) {
            out.varint(runFrames[run] - frame).varint(runOffsets[run]).varint(runFirst[run + 1] - runFirst[run]);
            frame = runFrames[run];
        }
        for (int page = 0; page < pages; page++) {
            out.u64(digests[page]);
        }
        return out.toArray();
    }

    static PageDigests parse(BinaryReader in, KeyRing ring, FrameIndex frames, String path) {
        int version = in.u8();
        if (version != VERSION) {
            throw Damage.tooNew(path, "pack index version " + version);
        }
        int pageBytes = in.u32();
        int epoch = in.u32();
        if (pageBytes < 1024 || pageBytes > 32768 || Integer.bitCount(pageBytes) != 1) {
            throw in.damaged("its index names pages of " + pageBytes + " bytes");
        }
        PageDigests result = new PageDigests(pageBytes, epoch, ring.pageDigestSeed(epoch));
        int runs = in.countOf(3);
        int frame = 0;
        int pages = 0;
        for (int run = 0; run < runs; run++) {
            frame += in.count(Math.max(0, frames.count() - 1 - frame));
            int offset = in.count(FormatLimits.MAX_FRAME_BYTES);
            int count = in.count(FormatLimits.MAX_FRAME_BYTES / pageBytes);
            if (frame >= frames.count()
                    || offset + (long) count * pageBytes > frames.get(frame).rawLength()) {
                throw in.damaged("its index names pages outside their frame");
            }
            result.beginRun(frame, offset, 0);
            pages += count;
            result.runFirst[result.runs] = pages;
            if (pages > in.remaining() / Long.BYTES) {
                throw in.damaged("its index ends early");
            }
        }
        result.digests = new long[pages];
        result.pages = pages;
        for (int page = 0; page < pages; page++) {
            result.digests[page] = in.u64();
        }
        in.expectEnd();
        return result;
    }
}
