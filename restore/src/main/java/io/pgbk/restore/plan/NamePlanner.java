package io.pgbk.restore.plan;

import io.pgbk.error.ErrorCode;
import io.pgbk.postgres.wal.WalEvents;
import io.pgbk.restore.target.RecoveryTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Finds a restore point on a line. PostgreSQL stops at the first one of the name that it meets. */
final class NamePlanner {
    private final LinePlanner line;

    NamePlanner(LinePlanner line) {
        this.line = line;
    }

    Attempt attempt(RecoveryTarget.Name target) {
        Optional<BackupCandidate> unread = Optional.empty();
        TreeSet<String> known = new TreeSet<>();
        Optional<WalEvents.RestorePoint> tooEarly = Optional.empty();
        Optional<Attempt.Refused> broken = Optional.empty();
        for (BackupCandidate backup : line.candidates()) {
            Route route = line.routeFrom(backup);
            List<WalEvents.RestorePoint> met = new ArrayList<>();
            for (Route.Step step : route.forward(0)) {
                SegmentFacts facts = line.facts(step);
                if (!facts.known() && unread.isEmpty()) {
                    unread = Optional.of(backup);
                }
                for (WalEvents.RestorePoint point : facts.restorePoints()) {
                    known.add(point.name());
                    if (point.name().equals(target.name()) && !point.lsn().isBefore(backup.startLsn())) {
                        met.add(point);
                    }
                }
            }
            if (!met.isEmpty() && !met.getFirst().lsn().isBefore(backup.stopLsn())) {
                return line.planned(
                        target,
                        target,
                        backup,
                        route,
                        Optional.of(met.getFirst().lsn().plus(1)),
                        met.size() > 1
                                ? List.of("restore point " + target.name() + " exists " + met.size()
                                        + " times behind the backup; recovery stops at the first, at "
                                        + met.getFirst().lsn())
                                : List.of());
            }
            if (!met.isEmpty()) {
                tooEarly = Optional.of(met.getFirst());
            }
            if (broken.isEmpty() && route.gap().isPresent()) {
                broken = Optional.of(line.brokenBefore(
                        target.describe() + " (it is in none of the segments before)", backup, route));
            }
        }
        if (tooEarly.isPresent()) {
            return new Attempt.Refused(
                    ErrorCode.NO_FITTING_BACKUP,
                    "restore point " + target.name() + " at " + tooEarly.get().lsn()
                            + " lies before the end of every usable backup",
                    line.restorable(),
                    true);
        }
        if (unread.isPresent()) {
            return line.planned(
                    target,
                    target,
                    unread.get(),
                    line.routeFrom(unread.get()),
                    Optional.empty(),
                    List.of("not all WAL could be read, so it is not certain that the restore point is found"));
        }
        if (broken.isPresent()) {
            return broken.get();
        }
        return new Attempt.Refused(
                ErrorCode.TARGET_UNREACHABLE,
                "restore point " + target.name() + " is not in the WAL behind any usable backup",
                known.isEmpty()
                        ? "The WAL holds no restore point."
                        : "Restore points: "
                                + String.join(", ", known.stream().limit(20).toList()) + ".",
                true);
    }
}
