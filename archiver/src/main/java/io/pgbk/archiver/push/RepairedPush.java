package io.pgbk.archiver.push;

import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Waits for repositories that are filled later, but never so long that PostgreSQL's pg_wal would fill: while more files
 * wait there, no longer than the required repositories needed; else a moment. Whatever goes wrong with them is told and
 * fails no push.
 */
final class RepairedPush {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration LONGEST_WHEN_BUSY = Duration.ofSeconds(2);
    private static final Duration SHORTEST = Duration.ofMillis(250);

    private final QuietTime time;

    /**
     * Begins to wait, now that the required repositories are done.
     *
     * @param startNanos when the push began
     * @param deadlineNanos when it must have ended
     */
    RepairedPush(WaitingFiles waiting, LongSupplier nanoTime, long startNanos, long deadlineNanos) {
        long now = nanoTime.getAsLong();
        this.time = new QuietTime(
                waiting,
                nanoTime,
                Math.clamp(deadlineNanos - now, 0, PATIENCE.toNanos()),
                Math.clamp(now - startNanos, SHORTEST.toNanos(), LONGEST_WHEN_BUSY.toNanos()));
    }

    /** What became of the file in one of them. */
    TargetResult result(WalFileName name, String repository, Task<PutWalOutcome> task, TaskMonitor monitor) {
        try {
            if (!time.await(task)) {
                task.cancel();
                throw new PgbkException(
                        ErrorCode.REPOSITORY_UNREACHABLE,
                        "repository " + repository + " did not take the file in time",
                        "It is filled later; `pgbk wal backfill` does it at once.");
            }
            PutWalOutcome outcome = task.get();
            monitor.debug(TargetResults.describe(name, repository, outcome));
            return new TargetResult.Archived(repository, outcome);
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.INTERRUPTED && Thread.currentThread().isInterrupted()) {
                throw e;
            }
            return new TargetResult.Postponed(repository, e);
        } catch (RuntimeException e) {
            // A fault of this program with one of them must not stop archiving to the others.
            return new TargetResult.Postponed(
                    repository, new PgbkException(ErrorCode.INTERNAL, "unexpected failure: " + e, null, e));
        }
    }
}
