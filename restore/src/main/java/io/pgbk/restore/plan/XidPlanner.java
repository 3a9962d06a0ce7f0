package io.pgbk.restore.plan;

import io.pgbk.error.ErrorCode;
import io.pgbk.postgres.Lsn;
import io.pgbk.restore.target.RecoveryTarget;
import java.util.List;
import java.util.Optional;

/**
 * Finds where on a line a transaction ends. It looks from the newest backup backward, each time at the WAL between a
 * backup and the next newer one, so an id that was used again after a wrap-around means the newest use.
 */
final class XidPlanner {
    private final LinePlanner line;

    XidPlanner(LinePlanner line) {
        this.line = line;
    }

    Attempt attempt(RecoveryTarget.Xid target) {
        List<BackupCandidate> backups = line.candidates();
        Optional<BackupCandidate> unread = Optional.empty();
        long before = Long.MAX_VALUE;
        for (BackupCandidate backup : backups) {
            Route route = line.routeFrom(backup);
            long stop = backup.stopLsn().segmentNumber(line.wal().segmentSize());
            for (Route.Step step : route.forward(stop)) {
                if (step.number() > before) {
                    break;
                }
                SegmentFacts facts = line.facts(step);
                if (facts.known() && facts.mayEndTransaction(target.xid())) {
                    return at(target, backup, route, step.number(), backups);
                }
                if (!facts.known() && unread.isEmpty()) {
                    unread = Optional.of(backup);
                }
            }
            if (route.gap().isPresent() && before == Long.MAX_VALUE) {
                return line.brokenBefore(target.describe() + " (it is in none of the segments before)", backup, route);
            }
            before = Math.min(before, stop);
        }
        if (unread.isPresent()) {
            return line.planned(
                    target,
                    target,
                    unread.get(),
                    line.routeFrom(unread.get()),
                    Optional.empty(),
                    List.of("not all WAL could be read, so it is not certain that the transaction is found"));
        }
        return new Attempt.Refused(
                ErrorCode.TARGET_UNREACHABLE,
                "transaction " + target.value() + " does not end in the WAL behind any usable backup",
                "It may have ended before the oldest backup, on another timeline, or not at all. " + line.restorable(),
                true);
    }

    private Attempt at(
            RecoveryTarget.Xid target,
            BackupCandidate backup,
            Route route,
            long number,
            List<BackupCandidate> backups) {
        long size = line.wal().segmentSize().bytes();
        Lsn end = new Lsn((number + 1) * size);
        if (number == backup.stopLsn().segmentNumber(line.wal().segmentSize())) {
            // In the segment in which the backup ends: before its end it would be too late for this backup.
            Optional<BackupCandidate> older = backups.stream()
                    .filter(other -> other.stopLsn().isBefore(new Lsn(number * size)))
                    .filter(other -> line.routeFrom(other).reaches(end))
                    .findFirst();
            if (older.isPresent()) {
                return line.planned(
                        target, target, older.get(), line.routeFrom(older.get()), Optional.of(end), List.of());
            }
        }
        return line.planned(target, target, backup, route, Optional.of(end), List.of());
    }
}
