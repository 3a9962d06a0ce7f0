package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import java.time.Instant;

/**
 * What the planner knows about a listed backup.
 *
 * @param timeline on which it was taken
 * @param startLsn where replay starts
 * @param stopLsn where the data is consistent
 * @param stopTime by the backup host's clock; used only where the WAL does not say
 * @param verdictNegative whether a verification or a drill found it damaged
 */
public record BackupCandidate(
        String label, int timeline, Lsn startLsn, Lsn stopLsn, Instant stopTime, boolean verdictNegative) {}
