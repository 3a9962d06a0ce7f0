package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;

/**
 * The buffers of the parts that are being filled or sent: at most {@code count * bytes} of heap for all uploads of a
 * store, made when first needed and used again. Whoever fills one waits for nothing but the sending of others, so
 * uploads that are driven by threads of their own always go on.
 */
final class PartBuffers {
    private final int bytes;
    private final Semaphore permits;
    private final Queue<byte[]> free = new ConcurrentLinkedQueue<>();

    PartBuffers(int count, int bytes) {
        this.bytes = bytes;
        permits = new Semaphore(count, true);
    }

    /** A buffer of at least so many bytes; waits until one is free. */
    byte[] take(int minimumBytes) {
        try {
            permits.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while waiting for an upload", null, e);
        }
        if (minimumBytes > bytes) {
            return new byte[minimumBytes];
        }
        byte[] buffer = free.poll();
        return buffer == null ? new byte[bytes] : buffer;
    }

    /** Gives a taken buffer back. */
    void release(byte[] buffer) {
        if (buffer.length == bytes) {
            free.add(buffer);
        }
        permits.release();
    }
}
