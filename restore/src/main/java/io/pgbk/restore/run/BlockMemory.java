package io.pgbk.restore.run;

import io.pgbk.task.BufferPool;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Memory in which {@link Block}s are put together: a share of the process's pool, reserved when the first one is needed,
 * as large as there is room for. Whoever gets none writes piece by piece. Safe for use by many threads.
 */
final class BlockMemory implements AutoCloseable {
    private static final int MOST_BLOCKS = 128;

    private final BufferPool pool;
    private boolean asked;
    private int capacity;
    private int lent;
    private BufferPool.@Nullable Share share;

    BlockMemory(BufferPool pool) {
        this.pool = pool;
    }

    /** How many blocks there can be at a time: enough for all of a slice, or 0 when the pool has no room for that. */
    synchronized int capacity() {
        if (!asked) {
            asked = true;
            for (int blocks = MOST_BLOCKS; share == null && blocks >= Slice.BLOCKS; blocks /= 2) {
                share = pool.tryReserve(blocks * BufferPool.sizeOf(Block.BYTES)).orElse(null);
                capacity = share == null ? 0 : blocks;
            }
        }
        return capacity;
    }

    /** Room for the content of one block, unless all is lent. */
    synchronized Optional<byte[]> take() {
        if (lent >= capacity() || share == null) {
            return Optional.empty();
        }
        lent++;
        return Optional.of(share.take(Block.BYTES));
    }

    /** Takes back what {@link #take} gave. */
    synchronized void give(byte[] content) {
        if (share != null) {
            share.give(content);
            lent--;
        }
    }

    @Override
    public synchronized void close() {
        if (share != null) {
            share.close();
        }
    }
}
