package io.pgbk.catalog.store;

import io.pgbk.task.BufferPool;
import java.util.Optional;

/**
 * How many parts the uploads of a store have in memory: one for each upload, and more while there is memory for it, until
 * all together have so many; shared out evenly among the uploads.
 */
final class PartBuffers {
    private final BufferPool pool;
    private final int most;
    private final int bytes;
    private int uploads;
    private int held;

    /** @param most parts of all uploads together, as long as there are fewer uploads */
    PartBuffers(BufferPool pool, int most, int bytes) {
        this.pool = pool;
        this.most = most;
        this.bytes = bytes;
    }

    /** Content of a part. */
    int partBytes() {
        return bytes;
    }

    /** What the buffer of a part takes of a share. */
    long bufferBytes() {
        return BufferPool.sizeOf(bytes);
    }

    BufferPool pool() {
        return pool;
    }

    /** An upload has its first buffer. */
    synchronized void begin() {
        uploads++;
        held++;
    }

    /** That upload has given all back. */
    synchronized void end() {
        uploads--;
        held--;
    }

    /**
     * One more for an upload, without waiting.
     *
     * @param having so many
     */
    synchronized Optional<BufferPool.Share> more(int having) {
        if (held >= most || having * uploads >= most) {
            return Optional.empty();
        }
        Optional<BufferPool.Share> share = pool.tryReserve(bufferBytes());
        held += share.isPresent() ? 1 : 0;
        return share;
    }

    /** Takes back what {@link #more} gave. */
    synchronized void less(BufferPool.Share share) {
        held--;
        share.close();
    }
}
