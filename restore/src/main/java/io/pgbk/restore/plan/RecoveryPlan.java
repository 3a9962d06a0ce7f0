package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.wal.WalEvents;
import io.pgbk.restore.target.RecoveryTarget;
import java.util.List;
import java.util.Optional;

/**
 * Which backup a restore takes and how far PostgreSQL replays from there.
 *
 * @param requested the target as the operator gave it
 * @param target the target that PostgreSQL gets: the same moment, said in a way that replay can stop at
 * @param timeline the timeline to follow, unsigned
 * @param walFrom the first byte that replay needs
 * @param walTo where replay ends at the latest; empty when it follows the archive to its end
 * @param createdTablespaces every CREATE TABLESPACE that replay meets
 * @param walComplete false when some of the WAL could not be read for the checks, so that they are not exhaustive
 * @param notes what the operator should know, for people
 */
public record RecoveryPlan(
        BackupCandidate backup,
        RecoveryTarget requested,
        RecoveryTarget target,
        int timeline,
        Lsn walFrom,
        Optional<Lsn> walTo,
        List<WalEvents.TablespaceCreated> createdTablespaces,
        boolean walComplete,
        List<String> notes) {
    public RecoveryPlan {
        createdTablespaces = List.copyOf(createdTablespaces);
        notes = List.copyOf(notes);
    }

    /** The same with another timeline to follow and other notes. */
    RecoveryPlan with(int otherTimeline, List<String> otherNotes) {
        return new RecoveryPlan(
                backup, requested, target, otherTimeline, walFrom, walTo, createdTablespaces, walComplete, otherNotes);
    }
}
