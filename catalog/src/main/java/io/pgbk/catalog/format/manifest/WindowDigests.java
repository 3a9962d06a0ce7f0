package io.pgbk.catalog.format.manifest;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hashing;
import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.postgres.Crc32c;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Digests of a file's content as read from the live cluster, one for each window of 256 KiB (the last may be shorter):
 * XXH3-128 without seed, and CRC-32C. An empty file has none.
 */
public final class WindowDigests {
    /** No windows. */
    public static final WindowDigests NONE = new WindowDigests(new long[0], new long[0], new int[0]);

    private static final int STORED_BYTES = 20;

    private final long[] high;
    private final long[] low;
    private final int[] crc32c;

    /** Takes the arrays over. */
    WindowDigests(long[] high, long[] low, int[] crc32c) {
        this.high = high;
        this.low = low;
        this.crc32c = crc32c;
    }

    /** How many windows a file of this length has. */
    public static long countFor(long fileLength) {
        return fileLength / FormatLimits.WINDOW_BYTES + (fileLength % FormatLimits.WINDOW_BYTES == 0 ? 0 : 1);
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
        if (countFor(fileLength) != count()) {
            throw new IllegalArgumentException(count() + " windows do not make " + fileLength + " bytes");
        }
        if (count() == 0) {
            return 0;
        }
        int crc = crc32c[0];
        for (int window = 1; window < count(); window++) {
            long start = (long) window * FormatLimits.WINDOW_BYTES;
            crc = Crc32c.combine(crc, crc32c[window], Math.min(FormatLimits.WINDOW_BYTES, fileLength - start));
        }
        return crc;
    }

    /** The digests of one window alone. */
    public WindowDigests window(int window) {
        return new WindowDigests(new long[] {high[window]}, new long[] {low[window]}, new int[] {crc32c[window]});
    }

    /** Whether a window has the same digests as a window of another file of the same length. */
    public boolean sameWindow(int window, WindowDigests other, int otherWindow) {
        return high[window] == other.high[otherWindow]
                && low[window] == other.low[otherWindow]
                && crc32c[window] == other.crc32c[otherWindow];
    }

    /** Whether the content is the window's. */
    public boolean matches(int window, byte[] content, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(content, offset, length);
        if ((int) crc.getValue() != crc32c[window]) {
            return false;
        }
        HashValue128 hash = Hashing.xxh3_128().hashBytesTo128Bits(content, offset, length);
        return hash.getMostSignificantBits() == high[window] && hash.getLeastSignificantBits() == low[window];
    }

    /** Whether that many zeros are the window's content; for a whole window without looking at them. */
    public boolean matchesZeros(int window, int length) {
        if (length < FormatLimits.WINDOW_BYTES) {
            return matches(window, ZeroWindow.CONTENT, 0, length);
        }
        return crc32c[window] == ZeroWindow.CRC32C
                && high[window] == ZeroWindow.XXH3.getMostSignificantBits()
                && low[window] == ZeroWindow.XXH3.getLeastSignificantBits();
    }

    /**
     * The digests of consecutive parts of one file, each but the last a multiple of 256 KiB long: for big files that
     * several threads read.
     */
    public static WindowDigests concatenate(Iterable<WindowDigests> parts) {
        int count = 0;
        for (WindowDigests part : parts) {
            count += part.count();
        }
        WindowDigests all = new WindowDigests(new long[count], new long[count], new int[count]);
        int at = 0;
        for (WindowDigests part : parts) {
            System.arraycopy(part.high, 0, all.high, at, part.count());
            System.arraycopy(part.low, 0, all.low, at, part.count());
            System.arraycopy(part.crc32c, 0, all.crc32c, at, part.count());
            at += part.count();
        }
        return all;
    }

    void write(BinaryWriter out) {
        for (int window = 0; window < count(); window++) {
            out.u64(high[window]).u64(low[window]).u32(crc32c[window]);
        }
    }

    static WindowDigests parse(BinaryReader in, long fileLength) {
        long count = countFor(fileLength);
        if (count > in.remaining() / STORED_BYTES) {
            throw in.damaged("an entry ends inside its window digests");
        }
        WindowDigests all = new WindowDigests(new long[(int) count], new long[(int) count], new int[(int) count]);
        for (int window = 0; window < count; window++) {
            all.high[window] = in.u64();
            all.low[window] = in.u64();
            all.crc32c[window] = in.u32();
        }
        return all;
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
