package io.pgbk.catalog.format.manifest;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hashing;
import io.pgbk.catalog.format.FormatLimits;
import java.util.zip.CRC32C;

/** A whole window of zeros and its digests, computed when first needed: a sparse file has millions of them. */
final class ZeroWindow {
    /** The window; shared, never changed. */
    static final byte[] CONTENT = new byte[FormatLimits.WINDOW_BYTES];

    static final HashValue128 XXH3 = Hashing.xxh3_128().hashBytesTo128Bits(CONTENT);
    static final int CRC32C = crc();

    private ZeroWindow() {}

    private static int crc() {
        CRC32C crc = new CRC32C();
        crc.update(CONTENT, 0, CONTENT.length);
        return (int) crc.getValue();
    }
}
