package io.pgbk.task;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A bounded set of threads that is always joined: when {@link #run} returns or throws, no task of it runs any more. */
public final class Workers implements AutoCloseable {
    private final ExecutorService threads;

    /** @param name for thread names */
    public Workers(String name, int count) {
        threads = Executors.newFixedThreadPool(
                count, Thread.ofPlatform().daemon().name(name, 0).factory());
    }

    /** A piece of work. */
    @FunctionalInterface
    public interface Task {
        void run() throws IOException;
    }

    /** Runs all tasks; the first failure keeps those that have not begun from beginning and is thrown. */
    public void run(List<? extends Task> tasks) throws IOException {
        CompletionService<Void> done = new ExecutorCompletionService<>(threads);
        List<Future<Void>> running = new ArrayList<>(tasks.size());
        for (Task task : tasks) {
            running.add(done.submit(() -> {
                task.run();
                return null;
            }));
        }
        Throwable failure = null;
        boolean interrupted = false;
        for (int left = tasks.size(); left > 0; left--) {
            try {
                Future<Void> finished = done.take();
                if (!finished.isCancelled()) {
                    finished.get();
                }
            } catch (ExecutionException e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                if (failure == null) {
                    failure = cause;
                    // Not interrupting: an interrupt closes file channels that other tasks use.
                    running.forEach(future -> future.cancel(false));
                } else if (!failure.equals(cause)) {
                    failure.addSuppressed(cause);
                }
            } catch (InterruptedException e) {
                interrupted = true;
                running.forEach(future -> future.cancel(false));
                left++;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while waiting for worker threads");
        }
        rethrow(failure);
    }

    private static void rethrow(@org.jspecify.annotations.Nullable Throwable failure) throws IOException {
        switch (failure) {
            case null -> {}
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        boolean interrupted = false;
        while (true) {
            try {
                if (threads.awaitTermination(1, TimeUnit.MINUTES)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
