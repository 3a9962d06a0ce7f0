package io.pgbk.catalog.repository.wal;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.ByteArrayOutputStream;

/** Collects a small object's content and refuses more than a limit. */
final class LimitedOutput extends ByteArrayOutputStream {
    private final int maxBytes;
    private final String key;

    LimitedOutput(int maxBytes, String key) {
        this.maxBytes = maxBytes;
        this.key = key;
    }

    @Override
    public synchronized void write(int value) {
        require(1);
        super.write(value);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
        require(length);
        super.write(bytes, offset, length);
    }

    private void require(int more) {
        if (size() > maxBytes - more) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED, "object " + key + " holds more than " + maxBytes + " bytes");
        }
    }
}
