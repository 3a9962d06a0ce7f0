package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.store.ObjectUpload;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Takes the bytes of an object front to back. */
@FunctionalInterface
public interface ByteSink {
    /** Takes all remaining bytes; the buffer may be re-used when the call returns. */
    void write(ByteBuffer bytes);

    /** A sink that writes into an upload (and does not complete it). */
    static ByteSink of(ObjectUpload upload) {
        return upload::write;
    }

    /**
     * A sink that writes into a stream (and does not close it). Failures are {@link UncheckedIOException}.
     */
    static ByteSink of(OutputStream stream) {
        return bytes -> {
            try {
                if (bytes.hasArray()) {
                    stream.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
                    bytes.position(bytes.limit());
                } else {
                    byte[] copy = new byte[bytes.remaining()];
                    bytes.get(copy);
                    stream.write(copy);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }
}
