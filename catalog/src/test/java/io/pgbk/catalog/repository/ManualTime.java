package io.pgbk.catalog.repository;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** Clocks that move only when a test says so, or, for the thread that made them, whenever it waits. */
public final class ManualTime implements MonotonicTime, InstantSource {
    /** Milliseconds and more. */
    private static final int MOST_TRIES = 60_000;

    private final Thread driver = Thread.currentThread();
    private final Instant start = Instant.now();
    private final Map<Thread, Long> sleepers = new HashMap<>();
    private long nanos;

    @Override
    public synchronized long nanoTime() {
        return nanos;
    }

    @Override
    public synchronized Instant instant() {
        return start.plusNanos(nanos);
    }

    /** Moves the clocks and wakes whoever waits long enough. */
    public synchronized void advance(Duration time) {
        nanos += time.toNanos();
        notifyAll();
    }

    @Override
    public synchronized void sleep(Duration time) throws InterruptedException {
        if (Thread.currentThread().equals(driver)) {
            advance(time);
            return;
        }
        long until = nanos + time.toNanos();
        sleepers.put(Thread.currentThread(), until);
        notifyAll();
        try {
            while (nanos < until) {
                wait();
            }
        } finally {
            sleepers.remove(Thread.currentThread());
        }
    }

    /** Returns when at least one other thread waits on this clock and none of them is due. */
    public synchronized void awaitSleeper() throws InterruptedException {
        long tries = 0;
        while (sleepers.isEmpty() || sleepers.values().stream().anyMatch(until -> until <= nanos)) {
            if (tries++ > MOST_TRIES) {
                throw new IllegalStateException("nobody waits on the clock");
            }
            wait(1);
        }
    }
}
