package io.pgbk.postgres;

import io.pgbk.error.PgbkException;
import java.util.Optional;

/**
 * The content of {@code backup_label}: with it beside the data, PostgreSQL starts recovery at the backup's checkpoint.
 *
 * @param startLsn where the WAL that the backup needs begins
 * @param startSegment the file that holds it
 * @param checkpointLsn the record of the checkpoint that began the backup
 * @param method {@code streamed}, or {@code pg_start_backup} of the exclusive mode that ended with 14
 * @param fromStandby whether a standby was copied
 * @param startTime when it began, as PostgreSQL wrote it (in log_timezone)
 * @param label what the caller named it
 * @param startTimeline the timeline on which it began
 * @param incrementalFrom where the parent of one of PostgreSQL's own incremental backups ended
 */
public record BackupLabel(
        Lsn startLsn,
        WalSegmentName startSegment,
        Lsn checkpointLsn,
        String method,
        boolean fromStandby,
        String startTime,
        String label,
        int startTimeline,
        Optional<IncrementalFrom> incrementalFrom) {
    /** The file's name in the data directory. */
    public static final String FILE_NAME = "backup_label";

    /** The parent of an incremental backup of PostgreSQL 17 and later. */
    public record IncrementalFrom(Lsn lsn, int timeline) {}

    /**
     * Reads the file.
     *
     * @throws PgbkException with code OBJECT_DAMAGED when a line that PostgreSQL needs is missing or wrong
     */
    @SuppressWarnings("DoNotCallSuggester")
    public static BackupLabel parse(byte[] content) {
        throw new UnsupportedOperationException("not landed yet");
    }
}
