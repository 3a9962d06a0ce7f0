package io.pgbk.catalog.repository;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;

/** A clock that never goes back, and waiting on it: what leases are judged by. */
public interface MonotonicTime {
    /** The system's own. */
    MonotonicTime SYSTEM = new MonotonicTime() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
            Thread.sleep(time);
        }
    };

    /** Nanoseconds since an arbitrary moment, as {@link System#nanoTime()}. */
    long nanoTime();

    /** Waits so long on this clock. */
    void sleep(Duration time) throws InterruptedException;

    /**
     * Waits so long on this clock.
     *
     * @throws PgbkException with code INTERRUPTED when the thread is interrupted; its flag is set again
     */
    default void pause(Duration time) {
        try {
            sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while waiting", null, e);
        }
    }
}
