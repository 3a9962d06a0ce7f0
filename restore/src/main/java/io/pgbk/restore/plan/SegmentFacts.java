package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.wal.WalEvents;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What the planner wants to know about the content of one archived segment. */
public interface SegmentFacts {
    /** A segment whose records nobody could read: nothing is known and no check refuses because of it. */
    SegmentFacts UNKNOWN = new SegmentFacts() {
        @Override
        public boolean known() {
            return false;
        }

        @Override
        public Optional<Instant> highestCommitTime() {
            return Optional.empty();
        }

        @Override
        public Optional<Instant> highestCommitTimeUpTo(Lsn lsn) {
            return Optional.empty();
        }

        @Override
        public boolean mayEndTransaction(long xid) {
            return true;
        }

        @Override
        public Optional<Lsn> firstRecordLsn() {
            return Optional.empty();
        }

        @Override
        public Optional<Lsn> lastRecordEndLsn() {
            return Optional.empty();
        }

        @Override
        public List<WalEvents.RestorePoint> restorePoints() {
            return List.of();
        }

        @Override
        public List<WalEvents.CheckpointSeen> checkpoints() {
            return List.of();
        }

        @Override
        public List<WalEvents.TablespaceCreated> createdTablespaces() {
            return List.of();
        }
    };

    /** Whether the records were read and the answers are facts. */
    boolean known();

    /** The highest time at which a transaction ended. */
    Optional<Instant> highestCommitTime();

    /** The same for records that start before {@code lsn}, which may be rounded up to {@link WalSegmentIndex#GRANULE_BYTES}. */
    Optional<Instant> highestCommitTimeUpTo(Lsn lsn);

    /** Whether a transaction may end here; false is a fact. */
    boolean mayEndTransaction(long xid);

    /** Where the first record begins that begins here. */
    Optional<Lsn> firstRecordLsn();

    /** The end of the last record that ends here. */
    Optional<Lsn> lastRecordEndLsn();

    List<WalEvents.RestorePoint> restorePoints();

    List<WalEvents.CheckpointSeen> checkpoints();

    List<WalEvents.TablespaceCreated> createdTablespaces();

    /** Where some of the records begin that begin and end here; recovery can stop exactly there. */
    default Stream<Lsn> knownRecordLsns() {
        Lsn end = lastRecordEndLsn().orElse(Lsn.INVALID);
        return Stream.of(
                        firstRecordLsn().stream(),
                        checkpoints().stream().map(WalEvents.CheckpointSeen::lsn),
                        restorePoints().stream().map(WalEvents.RestorePoint::lsn),
                        createdTablespaces().stream().map(WalEvents.TablespaceCreated::lsn))
                .flatMap(lsns -> lsns)
                .filter(lsn -> lsn.isBefore(end));
    }

    /** The last of them. */
    default Optional<Lsn> lastKnownRecordLsn() {
        return knownRecordLsns().max(Lsn::compareTo);
    }

    /** The facts of a segment's index. */
    static SegmentFacts of(WalSegmentIndex index) {
        return index.isIndexed() ? new IndexedSegment(index) : UNKNOWN;
    }
}
