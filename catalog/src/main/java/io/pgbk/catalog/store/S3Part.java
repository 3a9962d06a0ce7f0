package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Threads;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/** One part on its way. Owns its buffer from the beginning to the end of its thread. */
final class S3Part {
    private final S3Multipart requests;
    private final UploadBuffers buffers;
    private final String key;
    private final String uploadId;
    private final int number;
    private final int length;
    private final Thread thread;
    private byte @Nullable [] content;
    private volatile @Nullable CompletedPart result;
    private volatile @Nullable Throwable failure;

    S3Part(
            S3Multipart requests,
            UploadBuffers buffers,
            String key,
            String uploadId,
            int number,
            byte[] content,
            int length) {
        this.requests = requests;
        this.buffers = buffers;
        this.key = key;
        this.uploadId = uploadId;
        this.number = number;
        this.content = content;
        this.length = length;
        thread = Thread.ofVirtual().name("part " + number + " of " + key).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        byte[] bytes = content;
        if (bytes == null) {
            throw new IllegalStateException("a part is sent once");
        }
        try {
            result = requests.sendPart(key, uploadId, number, new BytesBody(bytes, 0, length));
        } catch (RuntimeException | Error e) {
            failure = e;
        } finally {
            content = null;
            buffers.release(bytes);
        }
    }

    /** Throws what sending the part failed with, if it did by now. */
    void throwFailure() {
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    /** Waits for the part and its failure or its result. */
    CompletedPart await() {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted: upload object " + key, null, e);
        }
        throwFailure();
        CompletedPart part = result;
        if (part == null) {
            throw new IllegalStateException("part " + number + " of " + key + " has no result");
        }
        return part;
    }

    void cancel() {
        thread.interrupt();
    }

    /** Waits until the thread ended; every request has a deadline, so this does. */
    void awaitEnd() {
        Threads.awaitEnd(thread);
    }
}
