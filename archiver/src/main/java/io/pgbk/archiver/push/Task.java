package io.pgbk.archiver.push;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A result that one thread computes and others wait for. Lighter than an executor, which costs a process of a few
 * hundred milliseconds its class loading. The thread is a daemon: a process that gave up on it can end; the store's own
 * deadlines end it in one that goes on.
 */
final class Task<T> {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final String name;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile @Nullable Thread thread;
    private volatile @Nullable T result;
    private volatile @Nullable Throwable failure;

    Task(String name) {
        this.name = name;
    }

    /** Computes in a new thread. */
    void start(Callable<T> work) {
        Thread started = Thread.ofPlatform().name(name).daemon().unstarted(() -> complete(work));
        thread = started;
        started.start();
    }

    /** Computes in this thread and fails as the work does. */
    void runHere(Callable<T> work) {
        complete(work);
        Throwable thrown = failure;
        if (thrown != null) {
            throw unwrapped(thrown);
        }
    }

    private void complete(Callable<T> work) {
        try {
            result = work.call();
        } catch (Throwable e) {
            failure = e;
        } finally {
            done.countDown();
        }
    }

    /** Whether there is no result and no failure yet. */
    boolean isRunning() {
        return done.getCount() > 0;
    }

    /** Waits for the result, whatever time it takes. */
    T get() {
        try {
            done.await();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        return outcome();
    }

    /** Waits so long; false when there is neither result nor failure by then. */
    boolean await(long nanos) {
        try {
            return done.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private T outcome() {
        Throwable thrown = failure;
        if (thrown != null) {
            throw unwrapped(thrown);
        }
        T value = result;
        if (value == null) {
            throw new IllegalStateException(name + " ended without a result");
        }
        return value;
    }

    /** Interrupts the work; does not wait for it. */
    void cancel() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    /** Lets other threads go on for a moment. */
    static void pause() {
        LockSupport.parkNanos(PAUSE_NANOS);
    }

    private static RuntimeException unwrapped(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            case Throwable e -> new IllegalStateException("unexpected failure", e);
        };
    }

    private static PgbkException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new PgbkException(ErrorCode.INTERRUPTED, "interrupted while pushing", null, cause);
    }
}
