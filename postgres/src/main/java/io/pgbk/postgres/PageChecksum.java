package io.pgbk.postgres;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * The 16-bit checksum of a data page of 8192 bytes.
 *
 * <p>The page is 64 rows of 32 little-endian words; each of the 32 columns is hashed on its own (FNV-1a with one more
 * shift), two rounds of zero follow, and the exclusive or of all columns with the block number is folded into 1 to
 * 65535. Source: PostgreSQL's storage/checksum_impl.h. Safe for use by many threads; allocates nothing.
 */
public final class PageChecksum {
    /** The size of a page. */
    public static final int PAGE_BYTES = 8192;

    private static final int LANES = 32;
    private static final int ROW_BYTES = LANES * Integer.BYTES;
    private static final int ROWS = PAGE_BYTES / ROW_BYTES;
    private static final int PRIME = 16777619;

    /** pd_checksum shares this word with pd_flags, which is its upper half. */
    private static final int CHECKSUM_WORD_OFFSET = 8;

    private static final int FLAGS_MASK = 0xFFFF_0000;
    private static final int UPPER_OFFSET = 14;

    private static final VarHandle ARRAY_INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    /** What the columns start with: the algorithm's constants. */
    static final int[] SEEDS = {
        0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
        0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
        0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
        0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756
    };

    private PageChecksum() {}

    /**
     * The checksum that the page should carry.
     *
     * @param page holds the page from {@code offset} on
     * @param blockNumber the page's number in its relation fork (not in its file), unsigned
     */
    public static int compute(byte[] page, int offset, int blockNumber) {
        Objects.checkFromIndexSize(offset, PAGE_BYTES, page.length);
        int hash = arrayColumns(page, offset, 0, FLAGS_MASK)
                ^ arrayColumns(page, offset, 8, -1)
                ^ arrayColumns(page, offset, 16, -1)
                ^ arrayColumns(page, offset, 24, -1);
        return fold(hash, blockNumber);
    }

    /**
     * As {@link #compute(byte[], int, int)}; {@code offset} is absolute, the page lies between position and limit, which
     * stay as they are.
     */
    public static int compute(ByteBuffer page, int offset, int blockNumber) {
        return page.hasArray()
                ? compute(page.array(), page.arrayOffset() + offset, blockNumber)
                : compute(MemorySegment.ofBuffer(page), offset - page.position(), blockNumber);
    }

    /** As {@link #compute(byte[], int, int)}. */
    public static int compute(MemorySegment page, long offset, int blockNumber) {
        Objects.checkFromIndexSize(offset, PAGE_BYTES, page.byteSize());
        if (page.heapBase().orElse(null) instanceof byte[] array) {
            return compute(array, (int) (page.address() + offset), blockNumber);
        }
        int hash = nativeColumns(page, offset, 0, FLAGS_MASK)
                ^ nativeColumns(page, offset, 8, -1)
                ^ nativeColumns(page, offset, 16, -1)
                ^ nativeColumns(page, offset, 24, -1);
        return fold(hash, blockNumber);
    }

    // Eight columns at a time stay in registers, which beats an array of 32 partial sums. Arrays and native memory have
    // copies of their own: one loop for both loses a factor of 50 once it has seen both.

    private static int arrayColumns(byte[] page, int offset, int first, int firstMask) {
        int a = SEEDS[first];
        int b = SEEDS[first + 1];
        int c = SEEDS[first + 2];
        int d = SEEDS[first + 3];
        int e = SEEDS[first + 4];
        int f = SEEDS[first + 5];
        int g = SEEDS[first + 6];
        int h = SEEDS[first + 7];
        int mask = firstMask;
        for (int row = 0; row < ROWS; row++) {
            int at = offset + row * ROW_BYTES + first * Integer.BYTES;
            a = mix(a, (int) ARRAY_INT.get(page, at));
            b = mix(b, (int) ARRAY_INT.get(page, at + 4));
            c = mix(c, (int) ARRAY_INT.get(page, at + 8) & mask);
            d = mix(d, (int) ARRAY_INT.get(page, at + 12));
            e = mix(e, (int) ARRAY_INT.get(page, at + 16));
            f = mix(f, (int) ARRAY_INT.get(page, at + 20));
            g = mix(g, (int) ARRAY_INT.get(page, at + 24));
            h = mix(h, (int) ARRAY_INT.get(page, at + 28));
            mask = -1;
        }
        return finish(a) ^ finish(b) ^ finish(c) ^ finish(d) ^ finish(e) ^ finish(f) ^ finish(g) ^ finish(h);
    }

    private static int nativeColumns(MemorySegment page, long offset, int first, int firstMask) {
        int a = SEEDS[first];
        int b = SEEDS[first + 1];
        int c = SEEDS[first + 2];
        int d = SEEDS[first + 3];
        int e = SEEDS[first + 4];
        int f = SEEDS[first + 5];
        int g = SEEDS[first + 6];
        int h = SEEDS[first + 7];
        int mask = firstMask;
        for (int row = 0; row < ROWS; row++) {
            long at = offset + (long) row * ROW_BYTES + (long) first * Integer.BYTES;
            a = mix(a, page.get(INT, at));
            b = mix(b, page.get(INT, at + 4));
            c = mix(c, page.get(INT, at + 8) & mask);
            d = mix(d, page.get(INT, at + 12));
            e = mix(e, page.get(INT, at + 16));
            f = mix(f, page.get(INT, at + 20));
            g = mix(g, page.get(INT, at + 24));
            h = mix(h, page.get(INT, at + 28));
            mask = -1;
        }
        return finish(a) ^ finish(b) ^ finish(c) ^ finish(d) ^ finish(e) ^ finish(f) ^ finish(g) ^ finish(h);
    }

    private static int fold(int hash, int blockNumber) {
        return Integer.remainderUnsigned(hash ^ blockNumber, 65535) + 1;
    }

    private static int mix(int sum, int value) {
        int mixed = sum ^ value;
        return (mixed * PRIME) ^ (mixed >>> 17);
    }

    private static int finish(int sum) {
        return mix(mix(sum, 0), 0);
    }

    /** The checksum that the page carries. */
    public static int stored(MemorySegment page, long offset) {
        return Short.toUnsignedInt(page.get(SHORT, offset + CHECKSUM_WORD_OFFSET));
    }

    /** The page's LSN: the end of the last WAL record that changed it. */
    public static Lsn lsn(MemorySegment page, long offset) {
        long high = Integer.toUnsignedLong(page.get(INT, offset));
        long low = Integer.toUnsignedLong(page.get(INT, offset + Integer.BYTES));
        return new Lsn((high << 32) | low);
    }

    /** As {@link #lsn(MemorySegment, long)}; {@code offset} is absolute. */
    public static Lsn lsn(ByteBuffer page, int offset) {
        return lsn(MemorySegment.ofBuffer(page), offset - page.position());
    }

    /** As {@link #judge(MemorySegment, long, int, Lsn)}; {@code offset} is absolute. */
    public static PageVerdict judge(ByteBuffer page, int offset, int blockNumber, Lsn startLsn) {
        return judge(MemorySegment.ofBuffer(page), offset - page.position(), blockNumber, startLsn);
    }

    /**
     * Judges a page as it was read from a cluster with checksums.
     *
     * @param startLsn where the backup began: a page with this LSN or a newer one may be torn, replay restores it
     */
    public static PageVerdict judge(MemorySegment page, long offset, int blockNumber, Lsn startLsn) {
        boolean isNew = page.get(SHORT, offset + UPPER_OFFSET) == 0;
        if (isNew && isZero(page, offset)) {
            return PageVerdict.ZERO;
        }
        if (!isNew && compute(page, offset, blockNumber) == stored(page, offset)) {
            return PageVerdict.SOUND;
        }
        return lsn(page, offset).isBefore(startLsn) ? PageVerdict.WRONG : PageVerdict.EXEMPT;
    }

    private static boolean isZero(MemorySegment page, long offset) {
        long seen = 0;
        for (long at = offset; at < offset + PAGE_BYTES; at += Long.BYTES) {
            seen |= page.get(LONG, at);
        }
        return seen == 0;
    }
}
