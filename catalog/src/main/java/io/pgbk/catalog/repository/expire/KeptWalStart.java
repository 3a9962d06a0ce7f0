package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.TimelineEnd;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * From where all WAL stays on the way to the newest timeline.
 *
 * @param incarnation the newest one
 * @param timeline on which it begins
 * @param from first byte
 */
public record KeptWalStart(int incarnation, int timeline, Lsn from) {
    /** Looks back from the newest end as far as what stays has no hole; empty when nothing leads to it. */
    static Optional<KeptWalStart> of(ExpirePlan plan, List<TimelineEnd> ends) {
        Optional<TimelineEnd> newest = ends.stream()
                .max(Comparator.comparingInt(TimelineEnd::incarnation)
                        .thenComparing(end -> end.history().timeline(), Integer::compareUnsigned));
        if (newest.isEmpty()) {
            return Optional.empty();
        }
        int incarnation = newest.get().incarnation();
        KeptWalStart start = null;
        for (TimelineHistory.Range range : newest.get().history().ranges().reversed()) {
            Optional<ExpirePlan.KeptWal> kept = plan.wal().stream()
                    .filter(wal -> wal.incarnation() == incarnation && wal.timeline() == range.timeline())
                    .filter(wal -> reaches(wal, range.to()))
                    .findFirst();
            if (kept.isEmpty()) {
                break;
            }
            start = new KeptWalStart(
                    incarnation, range.timeline(), Lsn.max(kept.get().from(), range.from()));
            if (kept.get().from().isAfter(range.from())) {
                break;
            }
        }
        return Optional.ofNullable(start);
    }

    private static boolean reaches(ExpirePlan.KeptWal wal, Optional<Lsn> end) {
        return wal.to().isEmpty()
                || (end.isPresent()
                        && !wal.to().get().isBefore(end.get())
                        && wal.from().isBefore(end.get()));
    }
}
