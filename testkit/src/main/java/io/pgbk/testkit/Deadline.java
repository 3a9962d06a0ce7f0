package io.pgbk.testkit;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Polls until something is so, for a bounded time. */
public final class Deadline {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final long endNanos;

    private Deadline(long endNanos) {
        this.endNanos = endNanos;
    }

    public static Deadline within(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    /** A condition that may fail in any way; every exception fails the test. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    /** Returns when the condition holds; throws {@code failure} when the time is over. */
    public void await(Condition condition, Supplier<? extends RuntimeException> failure) {
        try {
            while (!condition.holds()) {
                if (System.nanoTime() - endNanos > 0 || Thread.currentThread().isInterrupted()) {
                    throw failure.get();
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@link #await(Condition, Supplier)} with a failure that names what was waited for. */
    public void await(String what, Condition condition) {
        await(condition, () -> new IllegalStateException("did not happen in time: " + what));
    }
}
