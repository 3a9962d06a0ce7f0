package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.List;

/** Chooses the backup whose state is written as a new full. */
final class SourceChooser {
    private SourceChooser() {}

    /** What came of it. */
    sealed interface Choice {
        /** The backup to read. */
        record Source(BackupRecord backup) implements Choice {}

        /** The newest backup needs no other one already. */
        record FullAlready(BackupRecord backup) implements Choice {}
    }

    /**
     * The newest backup of an incarnation that is not being removed: that with the highest timeline, and on it the
     * highest stop LSN. It is never passed over for an older one, whatever was found in it: a full with an older state
     * under a new label would hide that something is lost.
     *
     * @param backups all, in their order
     * @throws PgbkException NO_FITTING_BACKUP when the incarnation has none
     */
    static Choice choose(List<BackupRecord> backups, int incarnation) {
        BackupRecord newest = backups.reversed().stream()
                .filter(backup -> backup.summary().facts().incarnation() == incarnation && !backup.expiring())
                .findFirst()
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.NO_FITTING_BACKUP,
                        "incarnation " + incarnation
                                + " of the cluster has no backup whose state could be written anew",
                        "Take a backup of the server first: `pgbk backup`."));
        return newest.summary().type() == BackupType.FULL && newest.owners().isEmpty()
                ? new Choice.FullAlready(newest)
                : new Choice.Source(newest);
    }
}
