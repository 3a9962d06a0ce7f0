package io.pgbk.catalog.repository;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Clocks that move only when a test says so, or, for the thread that made them, whenever it waits. */
public final class ManualTime implements MonotonicTime, InstantSource {
    private final Thread driver = Thread.currentThread();
    private final Instant start = Instant.now();
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
        while (nanos < until) {
            wait();
        }
    }
}
