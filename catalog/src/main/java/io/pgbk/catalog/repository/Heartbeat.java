package io.pgbk.catalog.repository;

import io.pgbk.task.Threads;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A small piece of work that is repeated in the background until it is closed. Closing ends a wait at once, but never
 * interrupts the work itself, which may be in the middle of a request, and returns when the thread has ended.
 */
public final class Heartbeat implements AutoCloseable {
    private final MonotonicTime time;
    private final Supplier<Optional<Duration>> beat;
    private final Thread thread;
    private final Object lock = new Object();
    private boolean waiting;
    private boolean stopping;

    private Heartbeat(String name, MonotonicTime time, Supplier<Optional<Duration>> beat) {
        this.time = time;
        this.beat = beat;
        this.thread = Thread.ofVirtual().name(name).unstarted(() -> run(Duration.ZERO));
    }

    /**
     * Starts the work: its first run is at once.
     *
     * @param beat returns how long to wait until it runs again, empty for never; handles its own failures
     */
    public static Heartbeat start(String name, MonotonicTime time, Supplier<Optional<Duration>> beat) {
        Heartbeat heartbeat = new Heartbeat(name, time, beat);
        heartbeat.thread.start();
        return heartbeat;
    }

    private void run(Duration first) {
        Optional<Duration> wait = Optional.of(first);
        while (wait.isPresent() && await(wait.get())) {
            wait = beat.get();
        }
    }

    /** Returns false when the heartbeat is closed. */
    private boolean await(Duration duration) {
        synchronized (lock) {
            if (stopping) {
                return false;
            }
            waiting = true;
        }
        try {
            if (!duration.isZero()) {
                time.sleep(duration);
            }
        } catch (InterruptedException e) {
            // Only close() interrupts, and only a wait; "stopping" says so.
        }
        synchronized (lock) {
            waiting = false;
            return !stopping;
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            stopping = true;
            if (waiting) {
                thread.interrupt();
            }
        }
        Threads.awaitEnd(thread);
    }
}
