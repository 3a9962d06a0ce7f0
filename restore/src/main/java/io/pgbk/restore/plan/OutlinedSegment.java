package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.SegmentOutline;
import io.pgbk.postgres.wal.WalEvents;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The facts of a segment from the roll-up of its log.
 *
 * @param details reads the segment's own index, for times inside it
 */
record OutlinedSegment(WalSegmentName name, WalSegmentSize size, SegmentOutline outline, Supplier<SegmentFacts> details)
        implements SegmentFacts {
    @Override
    public boolean known() {
        return outline.isIndexed();
    }

    @Override
    public Optional<Instant> highestCommitTime() {
        return outline.highestCommitTime();
    }

    @Override
    public Optional<Instant> highestCommitTimeUpTo(Lsn lsn) {
        if (outline.highestCommitTime().isEmpty() || !lsn.isAfter(name.startLsn(size))) {
            return Optional.empty();
        }
        return lsn.isBefore(name.endLsn(size)) ? details.get().highestCommitTimeUpTo(lsn) : highestCommitTime();
    }

    @Override
    public boolean mayEndTransaction(long xid) {
        return !known() || outline.mayEndTransaction((int) xid);
    }

    @Override
    public Optional<Lsn> firstRecordLsn() {
        return outline.firstRecordLsn();
    }

    @Override
    public Optional<Lsn> lastRecordEndLsn() {
        return outline.lastRecordEndLsn();
    }

    @Override
    public List<WalEvents.RestorePoint> restorePoints() {
        return outline.restorePoints();
    }

    @Override
    public List<WalEvents.CheckpointSeen> checkpoints() {
        return outline.checkpoints();
    }

    @Override
    public List<WalEvents.TablespaceCreated> createdTablespaces() {
        return outline.createdTablespaces();
    }
}
