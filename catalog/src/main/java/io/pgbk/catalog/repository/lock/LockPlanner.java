package io.pgbk.catalog.repository.lock;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.ExpirePlan.KeptWal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Decides whose locks must be made longer so that nothing needed is ever unlocked. All that is needed is locked anew when
 * half of the lock's length is over; in between only what became needed since and was there before. What was written since
 * the last renewal may have got a lock of today's length, which may be a shorter one than it was then.
 */
public final class LockPlanner {
    private LockPlanner() {}

    /**
     * A backup that stays.
     *
     * @param started when its first object may have been written
     */
    public record Needed(Label label, Instant started) {}

    /**
     * Plans; asks nothing of the store.
     *
     * @param length of the lock that new objects get
     * @param last what the last renewal left, empty before the first
     * @param backups all that stay
     * @param wal all that stays
     */
    public static LockPlan plan(
            Instant now, Duration length, Optional<LockRecord> last, List<Needed> backups, List<KeptWal> wal) {
        Set<Label> labels = backups.stream().map(Needed::label).collect(Collectors.toSet());
        Instant until = now.plus(length).truncatedTo(ChronoUnit.SECONDS);
        Optional<Instant> locked = last.map(known -> lockedUntil(known, length));
        if (last.isEmpty() || !now.isBefore(locked.get().minus(length.dividedBy(2)))) {
            return new LockPlan(
                    until,
                    backups.stream().map(Needed::label).toList(),
                    wal,
                    true,
                    new LockRecord(now, until, labels, wal));
        }
        LockRecord known = last.get();
        List<Label> late = backups.stream()
                .filter(backup -> !known.backups().contains(backup.label())
                        && backup.started().isBefore(known.time()))
                .map(Needed::label)
                .toList();
        List<KeptWal> lateWal =
                wal.stream().filter(range -> !known.covers(range)).toList();
        return new LockPlan(until, late, lateWal, false, new LockRecord(known.time(), locked.get(), labels, wal));
    }

    /** Until when what was locked then, and what was written since, is locked at least. */
    private static Instant lockedUntil(LockRecord last, Duration length) {
        Instant since = last.time().plus(length).truncatedTo(ChronoUnit.SECONDS);
        return since.isBefore(last.until()) ? since : last.until();
    }
}
