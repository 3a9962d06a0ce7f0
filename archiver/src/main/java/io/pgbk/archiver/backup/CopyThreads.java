package io.pgbk.archiver.backup;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A fixed group of threads that copy what one thread plans. The first failure stops all of them; {@link #close()} never
 * returns while one of them runs. The last thread that runs out of work does the final task: everything else was read by
 * then.
 */
final class CopyThreads implements AutoCloseable {
    private static final int QUEUED_UNITS_PER_THREAD = 4;
    private static final long TICK_SECONDS = 1;

    private final BlockingQueue<WorkUnit> queue;
    private final List<Thread> threads = new ArrayList<>();
    private final Runnable heartbeat;
    private int busy;
    private volatile @Nullable Throwable failure;

    /** The work of one thread; closed when the thread ends, however it ends. */
    interface Work extends AutoCloseable {
        void copy(WorkUnit unit);

        /** Called by exactly one thread, when all units of all threads are copied. */
        void copyLast();

        /** All units are copied: makes durable what this thread copied. */
        void finish();

        @Override
        void close();
    }

    /**
     * Starts the threads.
     *
     * @param heartbeat called by the planning thread about once a second while it waits; what it throws stops the copy
     */
    CopyThreads(int count, Supplier<Work> work, Runnable heartbeat) {
        this.queue = new ArrayBlockingQueue<>(count * QUEUED_UNITS_PER_THREAD);
        this.heartbeat = heartbeat;
        this.busy = count;
        for (int i = 0; i < count; i++) {
            threads.add(Thread.ofPlatform().name("pgbk-copy-" + i).unstarted(() -> run(work)));
        }
        threads.forEach(Thread::start);
    }

    private void run(Supplier<Work> supplier) {
        try (Work work = supplier.get()) {
            for (WorkUnit unit = queue.take(); !(unit instanceof WorkUnit.End); unit = queue.take()) {
                work.copy(unit);
            }
            if (isLast()) {
                work.copyLast();
            }
            work.finish();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail(e);
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private synchronized boolean isLast() {
        busy--;
        return busy == 0;
    }

    /** Remembers the first failure and wakes everybody up; what the others throw then is an echo of it. */
    private synchronized void fail(Throwable cause) {
        if (failure == null) {
            failure = cause;
            threads.forEach(Thread::interrupt);
        }
    }

    /** Hands a unit to the threads; blocks while they have enough to do. */
    void submit(WorkUnit unit) {
        try {
            while (!queue.offer(unit, TICK_SECONDS, TimeUnit.SECONDS)) {
                tick();
            }
            rethrow();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Says that there is no more work and waits until all of it is done. */
    void finish() {
        for (int i = 0; i < threads.size(); i++) {
            submit(new WorkUnit.End());
        }
        try {
            for (Thread thread : threads) {
                while (!thread.join(java.time.Duration.ofSeconds(TICK_SECONDS))) {
                    tick();
                }
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        rethrow();
    }

    private void tick() {
        rethrow();
        heartbeat.run();
    }

    private void rethrow() {
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException("a copying thread was interrupted", e);
        }
    }

    private static PgbkException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new PgbkException(ErrorCode.INTERRUPTED, "interrupted while copying", null, cause);
    }

    /** Stops whatever still runs and waits for it. */
    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
        threads.forEach(Threads::awaitEnd);
    }
}
