package io.pgbk.catalog.repository.lock;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.ExpirePlan.KeptWal;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * What is known about the locks of a cluster's objects since they were made longer last. Everything that was written
 * later is locked until then as well: it got a lock of the same length later, or of a shorter one, which counts then.
 *
 * @param time when that was
 * @param until everything named, and everything written since {@code time}, is locked until then at least
 * @param backups whose objects, with all packs that they use, were locked
 * @param wal which was locked; an open range goes on with what came later
 */
public record LockRecord(Instant time, Instant until, Set<Label> backups, List<KeptWal> wal) {
    public LockRecord {
        backups = Set.copyOf(backups);
        wal = List.copyOf(wal);
    }

    /** Whether all of a range was locked then, or later when it was archived. */
    boolean covers(KeptWal range) {
        return wal.stream()
                .anyMatch(locked -> locked.incarnation() == range.incarnation()
                        && locked.timeline() == range.timeline()
                        && !locked.from().isAfter(range.from())
                        && (locked.to().isEmpty()
                                || range.to()
                                        .filter(to -> !to.isAfter(locked.to().get()))
                                        .isPresent()));
    }
}
