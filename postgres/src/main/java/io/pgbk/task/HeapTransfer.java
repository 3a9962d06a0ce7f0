package io.pgbk.task;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Moves arrays of the heap to and from channels in pieces. Java copies what a channel writes or reads through a buffer
 * outside of the heap, as large as the piece, which it keeps for the thread as long as that lives: memory that no pool
 * knows of, a frame for each worker.
 */
public final class HeapTransfer {
    /** So many bytes at a time. */
    public static final int PIECE_BYTES = 256 << 10;

    private HeapTransfer() {}

    /** Writes all that remains. */
    public static void write(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        int end = bytes.limit();
        try {
            while (bytes.position() < end) {
                bytes.limit(Math.min(end, bytes.position() + PIECE_BYTES));
                channel.write(bytes);
            }
        } finally {
            bytes.limit(end);
        }
    }

    /** Where the next piece of so many bytes is to be read into. */
    public static ByteBuffer piece(byte[] target, int offset, int length) {
        return ByteBuffer.wrap(target, offset, Math.min(length, PIECE_BYTES));
    }
}
