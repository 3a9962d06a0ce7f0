package io.pgbk.archiver.backup;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PageChecksum;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** Makes relation pages as PostgreSQL writes them: header, random content, checksum. */
final class Pages {
    static final int BYTES = PageChecksum.PAGE_BYTES;
    private static final int CHECKSUM_OFFSET = 8;
    private static final int UPPER_OFFSET = 14;

    private Pages() {}

    /** So many sound pages, numbered from a block of their fork on. */
    static byte[] sound(int count, int firstBlock, Lsn lsn, long seed) {
        byte[] pages = new byte[count * BYTES];
        new Random(seed).nextBytes(pages);
        ByteBuffer buffer = ByteBuffer.wrap(pages).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            int offset = i * BYTES;
            buffer.putInt(offset, (int) (lsn.value() >>> 32));
            buffer.putInt(offset + 4, (int) lsn.value());
            buffer.putShort(offset + UPPER_OFFSET, (short) 400);
            buffer.putShort(offset + CHECKSUM_OFFSET, (short) 0);
            buffer.putShort(offset + CHECKSUM_OFFSET, (short) PageChecksum.compute(buffer, offset, firstBlock + i));
        }
        return pages;
    }
}
