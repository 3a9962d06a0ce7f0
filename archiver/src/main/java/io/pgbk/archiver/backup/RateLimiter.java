package io.pgbk.archiver.backup;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Holds a group of threads to so many bytes per second together. Each caller pays for what it is about to do and waits
 * for the debt of those before it; idle time is credited for at most a tenth of a second, so that a pause is not
 * followed by a burst.
 */
final class RateLimiter {
    private static final long MAXIMUM_CREDIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final double nanosPerByte;
    private final LongSupplier nanoTime;
    private long paidUntilNanos;

    /**
     * @param bytesPerSecond the limit, 0 for none
     * @param nanoTime a monotonic clock as {@link System#nanoTime()}
     */
    RateLimiter(long bytesPerSecond, LongSupplier nanoTime) {
        if (bytesPerSecond < 0) {
            throw new IllegalArgumentException("negative rate limit " + bytesPerSecond);
        }
        this.nanosPerByte = bytesPerSecond == 0 ? 0 : (double) TimeUnit.SECONDS.toNanos(1) / bytesPerSecond;
        this.nanoTime = nanoTime;
        this.paidUntilNanos = nanoTime.getAsLong();
    }

    /** Books the bytes and says for how many nanoseconds the caller has to wait before it uses them, 0 or more. */
    synchronized long reserve(long bytes) {
        if (nanosPerByte == 0) {
            return 0;
        }
        long now = nanoTime.getAsLong();
        long earliest = now - MAXIMUM_CREDIT_NANOS;
        if (paidUntilNanos - earliest < 0) {
            paidUntilNanos = earliest;
        }
        paidUntilNanos += (long) (bytes * nanosPerByte);
        return Math.max(0, paidUntilNanos - now);
    }

    /** Waits until the bytes may be used; returns early when the thread is interrupted, with its flag set. */
    void acquire(long bytes) {
        long wait = reserve(bytes);
        if (wait == 0) {
            return;
        }
        long deadline = System.nanoTime() + wait;
        for (long left = wait;
                left > 0 && !Thread.currentThread().isInterrupted();
                left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
