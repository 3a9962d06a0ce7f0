package io.pgbk.catalog.format.manifest;

import java.util.Arrays;

/**
 * Digests of a file's content as read from the live cluster, one for each window of 256 KiB (the last may be shorter):
 * XXH3-128 without seed, and CRC-32C. An empty file has none.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class WindowDigests {
    /** No windows. */
    public static final WindowDigests NONE = new WindowDigests(new long[0], new long[0], new int[0]);

    private final long[] high;
    private final long[] low;
    private final int[] crc32c;

    /** Takes the arrays over. */
    WindowDigests(long[] high, long[] low, int[] crc32c) {
        this.high = high;
        this.low = low;
        this.crc32c = crc32c;
    }

    /** Number of windows. */
    public int count() {
        return crc32c.length;
    }

    /** Upper half of a window's XXH3-128. */
    public long high(int window) {
        return high[window];
    }

    /** Lower half of a window's XXH3-128. */
    public long low(int window) {
        return low[window];
    }

    /** CRC-32C of a window. */
    public int crc32c(int window) {
        return crc32c[window];
    }

    /** The CRC-32C of a whole file of this length, combined from the windows'. */
    public int fileCrc32c(long fileLength) {
        throw new UnsupportedOperationException("" + fileLength);
    }

    /** Whether the content is the window's. */
    public boolean matches(int window, byte[] content, int offset, int length) {
        throw new UnsupportedOperationException("" + window + content.length + offset + length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WindowDigests digests
                && Arrays.equals(high, digests.high)
                && Arrays.equals(low, digests.low)
                && Arrays.equals(crc32c, digests.crc32c);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(crc32c);
    }

    @Override
    public String toString() {
        return count() + " windows";
    }
}
