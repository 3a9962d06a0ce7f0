package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.HeapTransfer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/** A large object of a directory store: a temporary file that gets its name at the end. */
final class DirectoryUpload implements ObjectUpload {
    private final DirectoryObjectStore store;
    private final String key;
    private final DirectoryTemporaries.Temporary temporary;
    private final EarlyFlush flush;
    private long length;
    private boolean closed;

    DirectoryUpload(DirectoryObjectStore store, String key, DirectoryTemporaries.Temporary temporary) {
        this.store = store;
        this.key = key;
        this.temporary = temporary;
        this.flush = new EarlyFlush(temporary.channel());
    }

    @Override
    public void write(ByteBuffer bytes) {
        requireOpen();
        try {
            int added = bytes.remaining();
            HeapTransfer.write(temporary.channel(), bytes);
            length += added;
            flush.written(length);
        } catch (IOException e) {
            throw store.failure("upload object " + key, e);
        }
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public boolean completeIf(BooleanSupplier still) {
        requireOpen();
        try {
            flush.finish();
            if (temporary.channel().size() != length) {
                throw new PgbkException(
                        ErrorCode.OBJECT_DAMAGED,
                        "upload of " + key + " has " + temporary.channel().size() + " bytes instead of " + length);
            }
            if (!still.getAsBoolean()) {
                return false;
            }
            if (!store.publish(temporary.path(), key)) {
                throw Contents.uploadExists(key, store.displayName());
            }
            return true;
        } catch (IOException e) {
            throw store.failure("upload object " + key, e);
        } finally {
            close();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the upload of " + key + " is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            flush.await();
            temporary.discard();
        }
    }
}
