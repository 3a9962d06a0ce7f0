package io.pgbk.catalog.repository.retention;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Which WAL stays: on the way to every end of the tree all from the oldest backup whose later moments are promised, and
 * for every other backup exactly what makes it consistent.
 */
final class WalPlanner {
    private final RetentionPolicy policy;
    private final List<TimelineEnd> ends;
    private final Instant now;

    WalPlanner(RetentionPolicy policy, List<TimelineEnd> ends, Instant now) {
        this.policy = policy;
        this.ends = ends;
        this.now = now;
    }

    /** What stays; backups whose removal began keep theirs, since restores may still run. */
    List<ExpirePlan.KeptWal> plan(List<Candidate> backups, KeptReasons reasons) {
        List<ExpirePlan.KeptWal> wal = new ArrayList<>();
        for (Candidate backup : backups) {
            if (reasons.keeps(backup) || backup.expiring()) {
                wal.add(new ExpirePlan.KeptWal(
                        backup.incarnation(), backup.timeline(), backup.startLsn(), Optional.of(backup.stopLsn())));
            }
        }
        for (TimelineEnd end : ends) {
            List<Candidate> onLine = backups.stream()
                    .filter(backup -> reasons.keepsWalFrom(backup, end))
                    .toList();
            Optional<Lsn> from = onLine.stream().map(Candidate::startLsn).min(Comparator.naturalOrder());
            if (from.isPresent()) {
                addWay(end, from.get(), wal);
            } else if (!isAbandoned(end, backups, reasons)) {
                addWay(end, Lsn.INVALID, wal);
            }
        }
        return merged(wal);
    }

    /** A branch without a backup to begin from, on which nothing was written in the time that counts. */
    private boolean isAbandoned(TimelineEnd end, List<Candidate> backups, KeptReasons reasons) {
        Optional<Instant> since = policy.window().isPresent()
                ? policy.window().map(now::minus)
                : backups.stream()
                        .filter(backup -> backup.incarnation() == end.incarnation() && reasons.keepsWalFrom(backup))
                        .map(Candidate::stopTime)
                        .min(Comparator.naturalOrder());
        return since.isPresent() && end.isQuietSince(since.get());
    }

    private static void addWay(TimelineEnd end, Lsn from, List<ExpirePlan.KeptWal> wal) {
        for (TimelineHistory.Range range : end.history().ranges()) {
            Lsn begin = Lsn.max(range.from(), from);
            if (range.to().isEmpty() || begin.isBefore(range.to().get())) {
                wal.add(new ExpirePlan.KeptWal(end.incarnation(), range.timeline(), begin, range.to()));
            }
        }
    }

    /** The same bytes in as few ranges as can be, ascending. */
    private static List<ExpirePlan.KeptWal> merged(List<ExpirePlan.KeptWal> wal) {
        List<ExpirePlan.KeptWal> merged = new ArrayList<>();
        wal.stream()
                .sorted(Comparator.comparingInt(ExpirePlan.KeptWal::incarnation)
                        .thenComparing(ExpirePlan.KeptWal::timeline, Integer::compareUnsigned)
                        .thenComparing(ExpirePlan.KeptWal::from))
                .forEach(next -> {
                    ExpirePlan.KeptWal last = merged.isEmpty() ? null : merged.getLast();
                    if (last != null
                            && last.incarnation() == next.incarnation()
                            && last.timeline() == next.timeline()
                            && (last.to().isEmpty() || !last.to().get().isBefore(next.from()))) {
                        Optional<Lsn> to = last.to().isEmpty() || next.to().isEmpty()
                                ? Optional.empty()
                                : Optional.of(Lsn.max(last.to().get(), next.to().get()));
                        merged.set(
                                merged.size() - 1,
                                new ExpirePlan.KeptWal(last.incarnation(), last.timeline(), last.from(), to));
                    } else {
                        merged.add(next);
                    }
                });
        return merged;
    }
}
