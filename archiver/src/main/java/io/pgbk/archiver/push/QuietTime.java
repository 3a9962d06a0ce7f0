package io.pgbk.archiver.push;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Waits for what is not urgent: long while PostgreSQL has nothing else to archive, and shortly as soon as it has. */
final class QuietTime {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final WaitingFiles waiting;
    private final LongSupplier nanoTime;
    private final long quietEndNanos;
    private final long busyEndNanos;

    /**
     * @param quietNanos how long from now, when nothing else waits
     * @param busyNanos how long from now, when something does; not more
     */
    QuietTime(WaitingFiles waiting, LongSupplier nanoTime, long quietNanos, long busyNanos) {
        this.waiting = waiting;
        this.nanoTime = nanoTime;
        long now = nanoTime.getAsLong();
        this.quietEndNanos = now + quietNanos;
        this.busyEndNanos = now + Math.min(quietNanos, busyNanos);
    }

    /** Whether the time is over. */
    boolean isOver() {
        long now = nanoTime.getAsLong();
        return quietEndNanos - now <= 0 || (busyEndNanos - now <= 0 && waiting.any());
    }

    /** Waits for the task; false when the time was over before it was done. */
    boolean await(Task<?> task) {
        while (!task.await(Math.clamp(quietEndNanos - nanoTime.getAsLong(), 0, POLL_NANOS))) {
            if (isOver()) {
                return task.await(0);
            }
        }
        return true;
    }
}
