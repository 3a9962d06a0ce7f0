package io.pgbk.catalog.repository;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A result that is being read while its reader does something else. The thread ends by itself: its requests have
 * deadlines.
 */
public final class Background<T> {
    private final FutureTask<T> task;

    private Background(FutureTask<T> task) {
        this.task = task;
    }

    /** Starts reading. */
    public static <T> Background<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofVirtual().name("pgbk-read-ahead").start(task);
        return new Background<>(task);
    }

    /** The result, or the failure with which reading ended. */
    public T get() {
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw switch (e.getCause()) {
                case Error error -> throw error;
                case RuntimeException failure -> failure;
                case null, default -> new IllegalStateException(e);
            };
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while opening the repository", null, e);
        }
    }
}
