package io.pgbk.archiver.backup;

import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Waits until a range of WAL is in the repository. The deadline counts from the last segment that arrived, so a long
 * backlog that shrinks is waited for and one that stands still is not.
 */
final class WalArrival {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    /** Each pause is longer than the one before by the fraction 1/(n-1): a push takes about half a second. */
    private static final int PAUSE_GROWTH = 5;

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration REMARK_AFTER = Duration.ofSeconds(5);

    private final WalArchive archive;
    private final MonotonicTime time;
    private final Duration deadline;
    private final TaskMonitor monitor;

    /** @param deadline the longest time without progress */
    WalArrival(WalArchive archive, MonotonicTime time, Duration deadline, TaskMonitor monitor) {
        this.archive = archive;
        this.time = time;
        this.deadline = deadline;
        this.monitor = monitor;
    }

    /**
     * Waits.
     *
     * @param line the history of the timeline on which the range ends
     * @param from first byte needed
     * @param to first byte not needed
     * @param remark what to tell the operator when it takes long
     * @param hint what to do when it does not arrive, asked for then
     * @param heartbeat called between two looks
     * @throws PgbkException ARCHIVING_BROKEN naming the first missing segment
     */
    void await(TimelineHistory line, Lsn from, Lsn to, String remark, Supplier<String> hint, Runnable heartbeat) {
        WalSegmentSize size = archive.incarnation().segmentSize();
        Lsn searched = from;
        long progress = time.nanoTime();
        Duration pause = FIRST_PAUSE;
        boolean remarked = false;
        while (searched.isBefore(to)) {
            List<WalSegmentName> missing = archive.missing(line, searched, to, 1);
            if (missing.isEmpty()) {
                return;
            }
            WalSegmentName first = missing.getFirst();
            Lsn reached = Lsn.max(searched, first.startLsn(size));
            if (reached.isAfter(searched)) {
                searched = reached;
                progress = time.nanoTime();
                pause = FIRST_PAUSE;
            }
            Duration waited = Duration.ofNanos(time.nanoTime() - progress);
            if (waited.compareTo(deadline) >= 0) {
                throw new PgbkException(
                        ErrorCode.ARCHIVING_BROKEN,
                        "WAL segment " + first + " did not arrive in the repository within " + deadline.toSeconds()
                                + " s",
                        hint.get());
            }
            if (!remarked && waited.compareTo(REMARK_AFTER) >= 0) {
                remarked = true;
                monitor.warn("waiting for WAL segment " + first + " to arrive in the repository" + remark);
            }
            monitor.checkCancelled();
            heartbeat.run();
            time.pause(pause);
            Duration longer = pause.multipliedBy(PAUSE_GROWTH).dividedBy(PAUSE_GROWTH - 1);
            pause = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
        }
    }
}
