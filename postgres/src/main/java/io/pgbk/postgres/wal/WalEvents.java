package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import java.time.Instant;
import java.util.List;

/**
 * The kinds of things that a single WAL record says and that matter to a restore. Object identifiers, transaction and timeline numbers are unsigned.
 */
public sealed interface WalEvents {
    /** Where the record starts. */
    Lsn lsn();

    /** A relation's storage: tablespace, database (0 for shared relations), file number. */
    record RelationFile(int tablespace, int database, int fileNumber) {}

    /**
     * A transaction ends: what recovery_target_time and recovery_target_xid are compared with.
     *
     * @param lsn where the record starts
     * @param endLsn where the next record starts
     * @param xid the transaction; of a prepared one, its own
     * @param committed false for an abort
     * @param time by the server's clock
     * @param droppedRelations relations whose files vanish with it (DROP, TRUNCATE, rewrites)
     */
    record TransactionEnd(
            Lsn lsn, Lsn endLsn, int xid, boolean committed, Instant time, List<RelationFile> droppedRelations)
            implements WalEvents {}

    /** CREATE DATABASE, with either strategy. */
    record DatabaseCreated(Lsn lsn, int xid, int database, int tablespace) implements WalEvents {}

    /** DROP DATABASE, or a database's files left a tablespace; once for each tablespace. */
    record DatabaseDropped(Lsn lsn, int xid, int database, int tablespace) implements WalEvents {}

    /** CREATE TABLESPACE; replaying it takes the directory at {@code path} (bytes 1:1 as characters) into use. */
    record TablespaceCreated(Lsn lsn, int xid, int tablespace, String path) implements WalEvents {}

    /** DROP TABLESPACE. */
    record TablespaceDropped(Lsn lsn, int xid, int tablespace) implements WalEvents {}

    /** pg_create_restore_point; recovery to the name ends at {@code endLsn}. */
    record RestorePoint(Lsn lsn, Lsn endLsn, String name, Instant time) implements WalEvents {}

    /** A checkpoint's record; {@code redoLsn} is where replay from it starts. */
    record CheckpointSeen(Lsn lsn, Lsn redoLsn, boolean shutdown, int timeline, Instant time) implements WalEvents {}

    /** The record that ends a recovery and begins a timeline without a checkpoint. */
    record EndOfRecovery(Lsn lsn, int timeline, int previousTimeline, Instant time) implements WalEvents {}
}
