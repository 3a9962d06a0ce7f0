package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.HeapTransfer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.util.Objects;

/** A range of a file that is exactly as long as promised, or fails. Owns the channel. */
final class FileRangeStream extends InputStream {
    private final FileChannel channel;
    private final String key;
    private final String storeName;
    private final long end;
    private long position;

    FileRangeStream(FileChannel channel, String key, String storeName, long offset, long length) {
        this.channel = channel;
        this.key = key;
        this.storeName = storeName;
        position = offset;
        end = offset + length;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (position == end) {
            return -1;
        }
        int wanted = (int) Math.min(length, end - position);
        int n = channel.read(HeapTransfer.piece(target, offset, wanted), position);
        if (n <= 0) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "object " + key + " in " + storeName + " ends at byte " + position + ", " + (end - position)
                            + " bytes too early");
        }
        position += n;
        return n;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
