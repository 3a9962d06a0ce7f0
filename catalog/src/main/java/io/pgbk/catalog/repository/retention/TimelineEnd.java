package io.pgbk.catalog.repository.retention;

import io.pgbk.postgres.TimelineHistory;
import java.time.Instant;
import java.util.Optional;

/**
 * A timeline that replay can be asked to end on, with the way to it: one from which no other branched off, or one whose
 * WAL goes on behind its last branch, since its server may live.
 *
 * @param lastWritten when its newest WAL was archived; empty when unknown, which counts as now
 */
public record TimelineEnd(int incarnation, TimelineHistory history, Optional<Instant> lastWritten) {
    /** Whether WAL on the way to this end leads on from the backup. */
    public boolean continues(Candidate backup) {
        return backup.incarnation() == incarnation
                && history.contains(backup.timeline(), backup.stopLsn().plus(-1));
    }

    /** Whether nothing was written here since a time. */
    boolean isQuietSince(Instant time) {
        return lastWritten.map(written -> written.isBefore(time)).orElse(false);
    }
}
