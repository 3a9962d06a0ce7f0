package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import java.time.Instant;

/** What single WAL records say that pgbk keeps in a segment's index. Object identifiers and xids are unsigned. */
public final class WalEvents {
    private WalEvents() {}

    /** A relation's storage: tablespace, database (0 for shared relations), file number. */
    public record RelationFile(int tablespace, int database, int fileNumber) {}

    /** A relation whose files vanished when the transaction ended (DROP, TRUNCATE, rewrites). */
    public record DroppedRelation(Lsn lsn, int xid, Instant time, RelationFile relation) {}

    /** CREATE DATABASE. */
    public record DatabaseCreated(Lsn lsn, int xid, int database, int tablespace) {}

    /** DROP DATABASE (once for each tablespace). */
    public record DatabaseDropped(Lsn lsn, int xid, int database, int tablespace) {}

    /** CREATE TABLESPACE; replaying it takes the directory at {@code path} (bytes 1:1 as characters) into use. */
    public record TablespaceCreated(Lsn lsn, int xid, int tablespace, String path) {}

    /** DROP TABLESPACE. */
    public record TablespaceDropped(Lsn lsn, int xid, int tablespace) {}

    /** pg_create_restore_point; {@code endLsn} is what recovery to the name reaches. */
    public record RestorePoint(Lsn lsn, Lsn endLsn, String name, Instant time) {}

    /** A checkpoint record. */
    public record CheckpointSeen(Lsn lsn, Lsn redoLsn, boolean shutdown, int timeline, Instant time) {}

    /** The record that ends a recovery and begins a timeline. */
    public record EndOfRecovery(Lsn lsn, int timeline, int previousTimeline, Instant time) {}
}
