package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A multipart upload. Content that fits one part becomes a single conditional PUT. Parts travel in threads of their own
 * while later ones are filled; every part's SHA-256 is checked by the store (it is signed), and the length of the
 * finished object is asked for.
 */
final class S3Upload implements ObjectUpload {
    /** Parts grow after so many, so that S3's limit of 10,000 parts lies beyond its limit of 5 TiB. */
    private static final int PARTS_OF_ONE_SIZE = 1000;

    private static final int LARGEST_PART_BYTES = 1 << 30;

    private final S3Multipart requests;
    private final UploadBuffers buffers;
    private final String key;
    private final int firstPartBytes;
    private final List<S3Part> parts = new ArrayList<>();
    private byte @Nullable [] buffer;
    private int filled;
    private int partBytes;
    private long length;
    private @Nullable String uploadId;
    private boolean closed;

    S3Upload(S3Multipart requests, UploadBuffers buffers, String key, int firstPartBytes) {
        this.requests = requests;
        this.buffers = buffers;
        this.key = key;
        this.firstPartBytes = firstPartBytes;
    }

    @Override
    public void write(ByteBuffer bytes) {
        requireOpen();
        while (bytes.hasRemaining()) {
            byte[] target = buffer;
            if (target != null && filled == partBytes) {
                send(target);
                target = null;
            }
            if (target == null) {
                partBytes = nextPartBytes();
                target = buffers.take(partBytes);
                buffer = target;
                filled = 0;
            }
            int n = Math.min(bytes.remaining(), partBytes - filled);
            bytes.get(target, filled, n);
            filled += n;
            length += n;
        }
    }

    private int nextPartBytes() {
        int doublings = parts.size() / PARTS_OF_ONE_SIZE;
        return (int) Math.min((long) firstPartBytes << doublings, Math.max(firstPartBytes, LARGEST_PART_BYTES));
    }

    /** Hands the filled buffer to a thread that sends it as the next part. */
    private void send(byte[] content) {
        parts.forEach(S3Part::throwFailure);
        String upload = uploadId;
        if (upload == null) {
            upload = requests.begin(key);
            uploadId = upload;
        }
        S3Part part = new S3Part(requests, buffers, key, upload, parts.size() + 1, content, filled);
        buffer = null;
        parts.add(part);
        part.start();
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public boolean completeIf(BooleanSupplier still) {
        requireOpen();
        try {
            byte[] last = buffer;
            if (uploadId == null) {
                boolean may = still.getAsBoolean();
                if (may) {
                    requests.createWhole(
                            key, new BytesBody(last == null ? new byte[0] : last, 0, last == null ? 0 : filled));
                }
                return may;
            }
            if (last != null) {
                send(last);
            }
            if (!requests.complete(
                    key, uploadId, parts.stream().map(S3Part::await).toList(), still)) {
                return false;
            }
            uploadId = null;
            OptionalLong stored = requests.findLength(key);
            if (stored.isEmpty() || stored.getAsLong() != length) {
                throw new PgbkException(
                        ErrorCode.OBJECT_DAMAGED,
                        "object " + key + " has " + (stored.isEmpty() ? "no" : stored.getAsLong())
                                + " bytes after an upload of " + length);
            }
            return true;
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
        if (closed) {
            return;
        }
        closed = true;
        buffer = null;
        try {
            abandon();
        } finally {
            // Nothing is being sent any more.
            buffers.close();
        }
    }

    /** Aborts an upload that was begun and not completed. */
    private void abandon() {
        if (uploadId == null) {
            return;
        }
        // The clean-up after an interruption must not be interrupted by the same interruption.
        boolean interrupted = Thread.interrupted();
        try {
            // First all must be quiet: a part that arrives after the abortion would stay for ever.
            parts.forEach(S3Part::cancel);
            parts.forEach(S3Part::awaitEnd);
            requests.abort(key, uploadId);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
