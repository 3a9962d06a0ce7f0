package io.pgbk.catalog.format.manifest;

import com.dynatrace.hash4j.hashing.HashStream128;
import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hasher128;
import com.dynatrace.hash4j.hashing.Hashing;
import io.pgbk.catalog.format.FormatLimits;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Computes {@link WindowDigests} while content streams by. Used by one thread; starts over after each
 * {@link #finish()}.
 */
public final class WindowDigester {
    private static final Hasher128 XXH3 = Hashing.xxh3_128();

    private final HashStream128 open = XXH3.hashStream();
    private final CRC32C crc = new CRC32C();
    private int openBytes;
    private long[] high = new long[16];
    private long[] low = new long[16];
    private int[] crc32c = new int[16];
    private int count;

    /** Adds the next content; any lengths, windows are cut inside. */
    public void update(byte[] content, int offset, int length) {
        int at = offset;
        int rest = length;
        while (rest > 0) {
            int part = Math.min(rest, FormatLimits.WINDOW_BYTES - openBytes);
            crc.update(content, at, part);
            if (part == FormatLimits.WINDOW_BYTES) {
                add(XXH3.hashBytesTo128Bits(content, at, part));
            } else {
                open.putBytes(content, at, part);
                openBytes += part;
                if (openBytes == FormatLimits.WINDOW_BYTES) {
                    closeWindow();
                }
            }
            at += part;
            rest -= part;
        }
    }

    /** Adds zero bytes; whole windows of them cost nothing. */
    public void updateZeros(long length) {
        long rest = length;
        while (rest > 0) {
            int part = (int) Math.min(rest, FormatLimits.WINDOW_BYTES - openBytes);
            if (part == FormatLimits.WINDOW_BYTES) {
                add(ZeroWindow.XXH3, ZeroWindow.CRC32C);
            } else {
                update(ZeroWindow.CONTENT, 0, part);
            }
            rest -= part;
        }
    }

    private void closeWindow() {
        add(open.get());
        open.reset();
        openBytes = 0;
    }

    private void add(HashValue128 hash) {
        add(hash, (int) crc.getValue());
        crc.reset();
    }

    private void add(HashValue128 hash, int crcOfWindow) {
        if (count == crc32c.length) {
            high = Arrays.copyOf(high, count * 2);
            low = Arrays.copyOf(low, count * 2);
            crc32c = Arrays.copyOf(crc32c, count * 2);
        }
        high[count] = hash.getMostSignificantBits();
        low[count] = hash.getLeastSignificantBits();
        crc32c[count] = crcOfWindow;
        count++;
    }

    /** The digests of all that was added since the start or the last call; starts over. */
    public WindowDigests finish() {
        if (openBytes > 0) {
            closeWindow();
        }
        WindowDigests result = count == 0
                ? WindowDigests.NONE
                : new WindowDigests(
                        Arrays.copyOf(high, count), Arrays.copyOf(low, count), Arrays.copyOf(crc32c, count));
        count = 0;
        return result;
    }
}
