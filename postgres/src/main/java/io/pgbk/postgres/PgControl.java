package io.pgbk.postgres;

import io.pgbk.error.PgbkException;
import java.time.Instant;

/**
 * What {@code global/pg_control} says, of PostgreSQL 13 to 18 on a little-endian 64-bit machine.
 *
 * <p>Source: PostgreSQL's catalog/pg_control.h.
 *
 * @param systemIdentifier the cluster's identity, an unsigned number
 * @param controlVersion the version of the layout
 * @param catalogVersion the version of the system catalogues
 * @param major the PostgreSQL version, from the catalogue version
 * @param state what the server was doing
 * @param time when the file was last written, by the server's clock
 * @param checkpointLsn where the last checkpoint's record is
 * @param checkpoint what that record says
 * @param minRecoveryPoint how far recovery must go before the data is consistent; invalid outside recovery
 * @param minRecoveryPointTimeline the timeline of that address, 0 outside recovery
 * @param backupStartPoint where the backup began from which this server recovers; invalid when there is none
 * @param backupEndPoint where that backup ended, when it was taken on a standby
 * @param backupEndRequired whether recovery must see the record of that backup's end
 * @param settings the settings that a standby must match
 * @param walSegmentSize the size of WAL files
 * @param walBlockBytes the size of WAL pages
 * @param blockBytes the size of data pages
 * @param relationSegmentBlocks the pages of one file of a big relation
 * @param maxAlign the machine's alignment
 * @param floatFormatMatches whether doubles have this machine's format
 * @param dataChecksumVersion 0 when data pages carry no checksum
 */
public record PgControl(
        long systemIdentifier,
        int controlVersion,
        int catalogVersion,
        PostgresMajor major,
        State state,
        Instant time,
        Lsn checkpointLsn,
        Checkpoint checkpoint,
        Lsn minRecoveryPoint,
        int minRecoveryPointTimeline,
        Lsn backupStartPoint,
        Lsn backupEndPoint,
        boolean backupEndRequired,
        Settings settings,
        WalSegmentSize walSegmentSize,
        int walBlockBytes,
        int blockBytes,
        int relationSegmentBlocks,
        int maxAlign,
        boolean floatFormatMatches,
        int dataChecksumVersion) {
    /** The size of the file. */
    public static final int FILE_BYTES = 8192;

    /** What the server was doing when it wrote the file. */
    public enum State {
        STARTUP,
        SHUT_DOWN,
        SHUT_DOWN_IN_RECOVERY,
        SHUTTING_DOWN,
        IN_CRASH_RECOVERY,
        IN_ARCHIVE_RECOVERY,
        IN_PRODUCTION
    }

    /**
     * The last checkpoint.
     *
     * @param redoLsn where replay starts
     * @param timeline the timeline that wrote it
     * @param previousTimeline differs from the timeline when the checkpoint began it
     * @param fullPageWrites whether pages are logged whole after it
     * @param nextXid the next transaction, with its epoch in the upper half
     * @param time when it began, by the server's clock
     */
    public record Checkpoint(
            Lsn redoLsn, int timeline, int previousTimeline, boolean fullPageWrites, long nextXid, Instant time) {}

    /** wal_level, in the server's order. */
    public enum WalLevel {
        MINIMAL,
        REPLICA,
        LOGICAL
    }

    /** The settings that WAL carries, because a hot standby must have at least as much of each. */
    public record Settings(
            WalLevel walLevel,
            boolean walLogHints,
            int maxConnections,
            int maxWorkerProcesses,
            int maxWalSenders,
            int maxPreparedTransactions,
            int maxLocksPerTransaction,
            boolean trackCommitTimestamp) {}

    /**
     * Reads the file.
     *
     * @param file all its bytes
     * @throws PgbkException with code POSTGRES_UNSUITABLE when the version or the machine is not supported, with code
     *     OBJECT_DAMAGED when the bytes are no pg_control or fail their CRC (a concurrent write can tear the file:
     *     read it again)
     */
    public static PgControl parse(byte[] file) {
        return PgControlCodec.parse(file);
    }

    /** Whether data pages carry checksums. */
    public boolean hasDataChecksums() {
        return dataChecksumVersion != 0;
    }

    /** The system identifier as PostgreSQL prints it. */
    public String systemIdentifierText() {
        return Long.toUnsignedString(systemIdentifier);
    }

    /**
     * The same file with a checkpoint address at which no checkpoint can be, CRC redone: a server that finds no
     * backup_label beside it refuses to start, one that finds the label takes the address from there.
     *
     * @throws PgbkException as {@link #parse}
     */
    public static byte[] withInvalidCheckpoint(byte[] file) {
        return PgControlCodec.withInvalidCheckpoint(file);
    }
}
