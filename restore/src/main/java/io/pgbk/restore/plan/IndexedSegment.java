package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.wal.WalEvents;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The facts of a segment whose records were read when it was archived. */
record IndexedSegment(WalSegmentIndex index) implements SegmentFacts {
    @Override
    public boolean known() {
        return true;
    }

    @Override
    public Optional<Instant> highestCommitTime() {
        return index.highestCommitTime();
    }

    @Override
    public Optional<Instant> highestCommitTimeUpTo(Lsn lsn) {
        return index.highestCommitTimeUpTo(lsn);
    }

    @Override
    public boolean mayEndTransaction(long xid) {
        return index.mayEndTransaction((int) xid);
    }

    @Override
    public Optional<Lsn> firstRecordLsn() {
        return index.firstRecordLsn();
    }

    @Override
    public Optional<Lsn> lastRecordEndLsn() {
        return index.lastRecordEndLsn();
    }

    @Override
    public List<WalEvents.RestorePoint> restorePoints() {
        return index.restorePoints();
    }

    @Override
    public List<WalEvents.CheckpointSeen> checkpoints() {
        return index.checkpoints();
    }

    @Override
    public List<WalEvents.TablespaceCreated> createdTablespaces() {
        return index.createdTablespaces();
    }
}
