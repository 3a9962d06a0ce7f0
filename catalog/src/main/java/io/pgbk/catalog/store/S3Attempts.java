package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Threads;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * The tries of one operation: how many, how long apart (exponential with full jitter), and until when. The one place
 * where requests are repeated.
 */
final class S3Attempts {
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;

    private final S3StoreConfig config;
    private final String action;
    private final @Nullable String key;
    private final Duration request;
    private final long deadlineNanos;
    private int failures;

    private S3Attempts(S3StoreConfig config, String action, @Nullable String key, Duration request, Duration total) {
        this.config = config;
        this.action = action;
        this.key = key;
        this.request = request;
        deadlineNanos = System.nanoTime() + total.toNanos();
    }

    /**
     * Begins an operation; its time runs from now.
     *
     * @param action for messages, for example {@code read}
     * @param key the object concerned, or null
     * @param bytes content that travels with each try
     */
    static S3Attempts begin(S3StoreConfig config, String action, @Nullable String key, long bytes) {
        Duration transfer = Timeouts.transferTime(bytes);
        Timeouts timeouts = config.timeouts();
        return new S3Attempts(
                config,
                action,
                key,
                timeouts.request().plus(transfer),
                timeouts.total().plus(transfer));
    }

    /** Repeats a request until it succeeds or there is no point in going on. */
    static <T> T run(
            S3StoreConfig config,
            String action,
            @Nullable String key,
            long bytes,
            Function<AwsRequestOverrideConfiguration, T> attempt) {
        S3Attempts attempts = begin(config, action, key, bytes);
        while (true) {
            try {
                return attempts.attempt(attempt);
            } catch (SdkException e) {
                attempts.retryOrThrow(e);
            }
        }
    }

    /**
     * Sends one request. Interrupting the calling thread ends it at once, which takes a virtual thread: a platform
     * thread would wait in its socket until the time limit, and the SDK would take the interruption for that limit's.
     */
    <T> T attempt(Function<AwsRequestOverrideConfiguration, T> request) {
        AwsRequestOverrideConfiguration limits = limits();
        if (Thread.currentThread().isVirtual()) {
            return request.apply(limits);
        }
        FutureTask<T> task = new FutureTask<>(() -> request.apply(limits));
        Thread worker = Thread.ofVirtual().start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            worker.interrupt();
            Threads.awaitEnd(worker); // its request has a time limit
            Thread.currentThread().interrupt();
            throw AbortedException.create("interrupted while waiting for the store", e);
        }
    }

    /** The time limit for the next try: the configured one, or what is left of the total. */
    private AwsRequestOverrideConfiguration limits() {
        long leftNanos = Math.max(deadlineNanos - System.nanoTime(), 1_000_000);
        Duration limit = request.compareTo(Duration.ofNanos(leftNanos)) < 0 ? request : Duration.ofNanos(leftNanos);
        return AwsRequestOverrideConfiguration.builder()
                .apiCallAttemptTimeout(limit)
                .build();
    }

    boolean hasFailed() {
        return failures > 0;
    }

    /** Counts a failed try that needs no pause. */
    void countFailure() {
        failures++;
    }

    /** Whether {@link #retryOrThrow} would throw now because of the number of tries. */
    boolean isLast() {
        return failures + 1 >= config.attempts();
    }

    /** Returns after a pause when another try makes sense. */
    void retryOrThrow(SdkException failure) {
        S3Failures.Meaning meaning = S3Failures.meaningOf(failure);
        boolean mayPass = switch (meaning) {
            case TRANSIENT, PRECONDITION -> true;
            case MISSING_KEY, MISSING_BUCKET, MISSING_UPLOAD, RANGE, DENIED, FATAL, INTERRUPTED -> false;
        };
        failures++;
        long limitMillis = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures - 1, 10));
        long pauseMillis = ThreadLocalRandom.current().nextLong(limitMillis + 1);
        long leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
        if (!mayPass || failures >= config.attempts() || leftMillis <= pauseMillis) {
            throw toPgbkException(failure);
        }
        try {
            Thread.sleep(pauseMillis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted: " + what(), null, failure);
        }
    }

    private PgbkException toPgbkException(SdkException failure) {
        return S3Failures.toPgbkException(config, what(), key, failure);
    }

    private String what() {
        return key == null ? action : action + " object " + key;
    }
}
