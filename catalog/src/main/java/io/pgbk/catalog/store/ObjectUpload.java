package io.pgbk.catalog.store;

import java.nio.ByteBuffer;

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
    void complete();

    /** Without a {@link #complete()} before it, aborts the upload and leaves nothing behind (best effort, silent). */
    @Override
    void close();
}
