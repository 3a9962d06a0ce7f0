package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * A range of an object that is exactly as long as promised, or fails. A connection that breaks or falls silent is
 * replaced by one that goes on where it stopped. The total deadline holds for every {@link #PROGRESS_BYTES}; only time
 * spent in reading counts, not the pauses of a slow consumer.
 */
final class S3RangeStream extends InputStream {
    private static final long PROGRESS_BYTES = 256 << 10;

    private final S3Reader reader;
    private final S3StoreConfig config;
    private final String key;
    private final long end;
    private long position;
    private S3Reader.@Nullable Answer current;
    private @Nullable String eTag;
    private @Nullable S3Attempts attempts;
    private long progressMark;
    private long spentNanos;

    /** Opens the range; fails here when the object is missing or too short. */
    S3RangeStream(S3Reader reader, S3StoreConfig config, String key, long offset, long length) {
        this.reader = reader;
        this.config = config;
        this.key = key;
        position = offset;
        progressMark = offset;
        end = offset + length;
        while (current == null) {
            try {
                current = open();
            } catch (SdkException e) {
                retry(e);
            }
        }
    }

    private S3Reader.Answer open() {
        S3Attempts running = attempts;
        if (running == null) {
            running = S3Attempts.begin(config, "read", key, 0);
            attempts = running;
        }
        S3Reader.Answer answer = running.attempt(limits -> reader.openRange(key, position, end - position, limits));
        if (eTag == null) {
            eTag = answer.eTag();
        } else if (!eTag.equals(answer.eTag())) {
            answer.body().abort();
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "object " + key + " in " + config.displayName() + " changed while it was read");
        }
        return answer;
    }

    private void retry(SdkException failure) {
        abandon();
        S3Attempts running = attempts;
        if (running == null) {
            running = S3Attempts.begin(config, "read", key, 0);
            attempts = running;
        }
        if (S3Failures.meaningOf(failure) == S3Failures.Meaning.RANGE) {
            long objectLength =
                    reader.findLength(key).orElseThrow(() -> new ObjectMissingException(key, config.displayName()));
            throw Contents.rangePastEnd(key, config.displayName(), position, end - position, objectLength);
        }
        running.retryOrThrow(failure);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (position == end) {
            return -1;
        }
        int wanted = (int) Math.min(length, end - position);
        while (true) {
            long start = System.nanoTime();
            try {
                S3Reader.Answer answer = current;
                if (answer == null) {
                    answer = open();
                    current = answer;
                }
                int n = readOnce(answer, target, offset, wanted);
                position += n;
                spentNanos += System.nanoTime() - start;
                checkProgress();
                return n;
            } catch (SdkException e) {
                spentNanos += System.nanoTime() - start;
                retry(e);
            }
        }
    }

    private int readOnce(S3Reader.Answer answer, byte[] target, int offset, int wanted) {
        try {
            int n = answer.body().read(target, offset, wanted);
            if (n < 0) {
                throw S3Reader.tooShort(end - position);
            }
            return n;
        } catch (IOException e) {
            throw S3Reader.broken(e);
        }
    }

    private void checkProgress() {
        if (position - progressMark >= PROGRESS_BYTES || position == end) {
            progressMark = position;
            spentNanos = 0;
            attempts = null;
        } else if (spentNanos > config.timeouts().total().toNanos()) {
            abandon();
            throw S3Failures.toPgbkException(
                    config,
                    "read object " + key,
                    key,
                    SdkClientException.create("fewer than " + PROGRESS_BYTES + " bytes came within the deadline"));
        }
    }

    private void abandon() {
        S3Reader.Answer answer = current;
        current = null;
        if (answer != null) {
            answer.body().abort();
        }
    }

    @Override
    public void close() throws IOException {
        S3Reader.Answer answer = current;
        current = null;
        if (answer == null) {
            return;
        }
        if (position == end) {
            answer.body().close();
        } else {
            // Closing would read the rest to save the connection.
            answer.body().abort();
        }
    }
}
