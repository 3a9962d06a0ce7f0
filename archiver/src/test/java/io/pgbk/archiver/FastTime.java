package io.pgbk.archiver;

import io.pgbk.catalog.repository.MonotonicTime;
import java.time.Duration;

/** A clock that runs ten times as fast as the world's, so that tests need not wait for leases to be watched. */
public final class FastTime implements MonotonicTime {
    /** How much faster it is. */
    public static final int FACTOR = 10;

    @Override
    public long nanoTime() {
        return System.nanoTime() * FACTOR;
    }

    @Override
    public void sleep(Duration time) throws InterruptedException {
        Thread.sleep(time.dividedBy(FACTOR));
    }

    /** What has to be asked for to get so much of the world's time. */
    public static Duration world(Duration time) {
        return time.multipliedBy(FACTOR);
    }
}
