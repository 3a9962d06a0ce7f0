package io.pgbk.postgres;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** Hand-made bytes for tests. */
final class TestBytes {
    private TestBytes() {}

    /** A pg_control of 13 to 17 with its CRC redone. */
    static byte[] withControlCrc(byte[] file) {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, 288);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(288, (int) crc.getValue());
        return file;
    }
}
