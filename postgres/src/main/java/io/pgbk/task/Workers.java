package io.pgbk.task;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool.Reservation;
import io.pgbk.task.BufferPool.Share;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A bounded set of threads that is always joined: when {@link #run} returns or throws, no task of it runs any more. */
public final class Workers implements AutoCloseable {
    private final ExecutorService threads;
    private final int count;
    private final @Nullable Reservation reservation;
    private final Queue<Share> free = new ConcurrentLinkedQueue<>();
    private final ThreadLocal<Buffers> own = ThreadLocal.withInitial(() -> Buffers.HEAP);

    /**
     * Workers without large buffers.
     *
     * @param name for thread names
     */
    public Workers(String name, int count) {
        this(name, count, null);
    }

    private Workers(String name, int count, @Nullable Reservation reservation) {
        this.count = count;
        this.reservation = reservation;
        if (reservation != null) {
            free.addAll(reservation.shares());
        }
        ThreadFactory named = Thread.ofPlatform().daemon().name(name, 0).factory();
        threads = Executors.newFixedThreadPool(count, work -> named.newThread(() -> withShare(work)));
    }

    /**
     * Workers whose buffers are reserved as long as they are open: fewer than wished when the pool has no room for all.
     *
     * @param name for thread names and messages
     * @param bytesEach what one of them needs at a time
     * @throws PgbkException as {@link BufferPool#reserve}
     */
    public static Workers within(BufferPool pool, String name, int most, long bytesEach, TaskMonitor monitor) {
        Reservation reservation = pool.reserve(name, most, bytesEach, monitor);
        return new Workers(name + "-", reservation.shares().size(), reservation);
    }

    private void withShare(Runnable work) {
        Share share = free.poll();
        if (share == null) {
            work.run();
            return;
        }
        own.set(share);
        try {
            work.run();
        } finally {
            free.add(share);
        }
    }

    /** How many there are. */
    public int count() {
        return count;
    }

    /** The buffers of the worker that asks; the heap for any other thread. */
    public Buffers buffers() {
        return own.get();
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

    private static void rethrow(@Nullable Throwable failure) throws IOException {
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
        if (reservation != null) {
            reservation.close();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
