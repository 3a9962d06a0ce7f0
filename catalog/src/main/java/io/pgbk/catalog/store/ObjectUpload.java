package io.pgbk.catalog.store;

import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/**
 * One large object on its way into the store, written front to back in bounded memory; parts travel while later ones
 * are still being made. Used by one thread at a time. Nothing is visible under the key before {@link #complete()}.
 */
public interface ObjectUpload extends AutoCloseable {
    /** Takes all remaining bytes of the buffer; the buffer may be re-used when the call returns. Blocks when the
     * parts in flight have reached their limit. */
    void write(ByteBuffer bytes);

    /** Bytes written so far. */
    long length();

    /** Returns when the object is durable under its key, its length and digests confirmed by the store. */
    default void complete() {
        completeIf(() -> true);
    }

    /**
     * As {@link #complete()}, for a key that another process may have come to write meanwhile: not every store refuses to
     * replace an object by an upload. Between the question and the request that makes the object nothing else is sent.
     *
     * @param still asked when all content was sent, directly before the request that makes the object visible, and before
     *     each repetition of it
     * @return false when the answer was no: nothing was stored then, unless by a request whose answer was lost
     */
    boolean completeIf(BooleanSupplier still);

    /** Without a {@link #complete()} before it, aborts the upload and leaves nothing behind (best effort, silent). */
    @Override
    void close();
}
