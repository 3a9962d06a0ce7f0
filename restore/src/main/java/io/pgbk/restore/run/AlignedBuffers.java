package io.pgbk.restore.run;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Buffers for writing past the page cache, which wants memory, places and lengths in whole blocks. Made when first
 * needed and used again; there are as many as were in use at one time.
 */
final class AlignedBuffers {
    /** The block of nearly every file system; where it is larger, the page cache is used. */
    static final int BLOCK_BYTES = 4096;

    private final Queue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

    static boolean isAligned(long position, long length) {
        return position % BLOCK_BYTES == 0 && length % BLOCK_BYTES == 0;
    }

    /** A buffer of {@link PieceWriter#BUFFER_BYTES}. */
    ByteBuffer take() {
        ByteBuffer buffer = free.poll();
        return buffer == null
                ? ByteBuffer.allocateDirect(PieceWriter.BUFFER_BYTES + BLOCK_BYTES)
                        .alignedSlice(BLOCK_BYTES)
                : buffer;
    }

    void release(ByteBuffer buffer) {
        free.add(buffer);
    }
}
