package io.pgbk.postgres;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * The 16-bit checksum of a data page of 8192 bytes.
 *
 * <p>Source: PostgreSQL's storage/checksum_impl.h (FNV-1a in 32 lanes). Safe for use by many threads; allocates
 * nothing.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class PageChecksum {
    /** The size of a page. */
    public static final int PAGE_BYTES = 8192;

    private PageChecksum() {}

    /**
     * The checksum that the page should carry.
     *
     * @param page holds the page from {@code offset} on
     * @param blockNumber the page's number in its relation fork (not in its file), unsigned
     */
    public static int compute(byte[] page, int offset, int blockNumber) {
        return compute(MemorySegment.ofArray(page), offset, blockNumber);
    }

    /** As {@link #compute(byte[], int, int)}; {@code offset} is absolute, position and limit stay as they are. */
    public static int compute(ByteBuffer page, int offset, int blockNumber) {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** As {@link #compute(byte[], int, int)}. */
    public static int compute(MemorySegment page, long offset, int blockNumber) {
        throw new UnsupportedOperationException("not landed yet");
    }

    /**
     * Judges a page as it was read from a cluster with checksums.
     *
     * @param startLsn where the backup began: a page with this LSN or a newer one may be torn, replay restores it
     */
    public static PageVerdict judge(ByteBuffer page, int offset, int blockNumber, Lsn startLsn) {
        throw new UnsupportedOperationException("not landed yet");
    }
}
