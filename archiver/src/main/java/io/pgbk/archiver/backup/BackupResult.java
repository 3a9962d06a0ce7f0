package io.pgbk.archiver.backup;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The committed backup, as {@code pgbk backup} reports it.
 *
 * @param label the backup's label
 * @param type {@code full}, {@code differential} or {@code incremental}
 * @param parent label of the parent, null for a full backup
 * @param fallbackReason why a full was taken instead of what was asked for, else null
 * @param timeline the timeline that the backup lies on
 * @param startLsn where replay begins, as PostgreSQL prints it
 * @param stopLsn where the backup becomes consistent
 * @param startTime when the server began the backup, on this host's clock
 * @param stopTime when the server ended it
 * @param files files and links in the backup, directories not counted
 * @param databaseBytes size of all copied files
 * @param readBytes bytes read from disk to make it
 * @param storedBytes bytes that it added to the repository
 * @param pageErrors pages that failed their checksums; not empty means exit state 53
 * @param seconds how long the command took
 */
public record BackupResult(
        String label,
        String type,
        @Nullable String parent,
        @Nullable String fallbackReason,
        int timeline,
        String startLsn,
        String stopLsn,
        Instant startTime,
        Instant stopTime,
        long files,
        long databaseBytes,
        long readBytes,
        long storedBytes,
        List<PageFailure> pageErrors,
        double seconds) {
    public BackupResult {
        pageErrors = List.copyOf(pageErrors);
    }
}
