package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The parts of one upload that are being filled or sent. The first buffer comes from what was reserved for the upload, or
 * is reserved when it is needed; more are taken only while the pool has some to spare. Whoever fills a part waits for the
 * sending of this upload's own parts and for nothing else, and each request has a deadline: so every upload goes on,
 * whatever others do or leave undone.
 */
final class UploadBuffers implements AutoCloseable {
    private final PartBuffers store;
    private final Buffers own;
    private final IdentityHashMap<byte[], Optional<BufferPool.Share>> taken = new IdentityHashMap<>();
    private final Deque<byte[]> sent = new ArrayDeque<>();
    private BufferPool.@Nullable Share reserved;
    private byte @Nullable [] first;
    private boolean oversized;
    private boolean waiting;

    /** @param own what was reserved for this upload; the heap when nothing was */
    UploadBuffers(PartBuffers store, Buffers own) {
        this.store = store;
        this.own = own;
    }

    /** A buffer of at least so many bytes. */
    synchronized byte[] take(int bytes) {
        if (bytes > store.partBytes()) {
            return takeOversized(bytes);
        }
        if (first == null) {
            byte[] array = takeFirst();
            first = array;
            taken.put(array, Optional.empty());
            store.begin();
            return array;
        }
        if (sent.isEmpty()) {
            Optional<BufferPool.Share> share = store.more(taken.size());
            if (share.isPresent()) {
                byte[] array = share.get().take(bytes);
                taken.put(array, share);
                return array;
            }
        }
        waiting = true;
        awaitOwn(sent::isEmpty);
        waiting = false;
        return sent.remove();
    }

    private byte[] takeFirst() {
        if (!Buffers.HEAP.equals(own)) {
            return own.take(store.partBytes());
        }
        BufferPool.Share share = store.pool()
                .reserve("upload", 1, store.bufferBytes(), TaskMonitor.SILENT)
                .shares()
                .getFirst();
        reserved = share;
        return share.take(store.partBytes());
    }

    /** Parts beyond the usual size, of objects of many gigabytes, come one by one, from the heap. */
    private byte[] takeOversized(int bytes) {
        awaitOwn(() -> oversized);
        oversized = true;
        return new byte[bytes];
    }

    private synchronized void awaitOwn(BooleanSupplier blocked) {
        try {
            while (blocked.getAsBoolean()) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while waiting for an upload", null, e);
        }
    }

    /** The buffer was sent. */
    synchronized void release(byte[] buffer) {
        Optional<BufferPool.Share> share = taken.get(buffer);
        if (share == null) {
            oversized = false;
        } else if (share.isEmpty() || waiting) {
            sent.add(buffer);
        } else {
            taken.remove(buffer);
            store.less(share.get());
        }
        notifyAll();
    }

    /** Gives everything back; nothing is being filled or sent any more. */
    @Override
    public synchronized void close() {
        taken.values().forEach(share -> share.ifPresent(store::less));
        taken.clear();
        sent.clear();
        byte[] mine = first;
        if (mine == null) {
            return;
        }
        first = null;
        store.end();
        if (reserved != null) {
            reserved.close();
        } else {
            own.give(mine);
        }
    }
}
