package io.pgbk.postgres.wal;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What one archived WAL segment holds, as far as restores want to know: built by {@link WalSegmentScanner}, kept beside
 * the segment in the archive.
 *
 * <p>Times are those of transaction ends (commits and aborts, prepared ones included): exactly what PostgreSQL compares
 * with recovery_target_time. A record that starts in this segment and ends in a later one counts here once the indexes
 * were joined.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class WalSegmentIndex {
    /** Times are kept per so many bytes of the segment. */
    public static final int GRANULE_BYTES = 64 << 10;

    /** How the segment ends. */
    public enum Ending {
        /** The records go on in the next segment. */
        FULL,
        /** A segment switch: the rest is zeros. */
        SWITCHED,
        /** The records end early: the last segment of a timeline. */
        INCOMPLETE,
        /** Records were not read. */
        UNKNOWN
    }

    private WalSegmentIndex() {}

    public WalSegmentName name() {
        throw new UnsupportedOperationException("not landed yet");
    }

    public WalSegmentSize segmentSize() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The cluster that wrote it, unsigned. */
    public long systemIdentifier() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The 16-bit magic number of its pages. */
    public int walMagic() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Why the records were not read; empty when they were and the answers below are facts. */
    public Optional<String> notIndexedReason() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Whether the records were read. */
    public boolean isIndexed() {
        return notIndexedReason().isEmpty();
    }

    public Ending ending() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Where the first record begins that begins in this segment. */
    public Optional<Lsn> firstRecordLsn() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The end of the last record that ends in this segment, be it one from the segment before. */
    public Optional<Lsn> lastRecordEndLsn() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The highest time of a transaction end in a record of this segment. */
    public Optional<Instant> highestCommitTime() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The same over records that start before {@code lsn}, rounded up to the granule. */
    public Optional<Instant> highestCommitTimeUpTo(Lsn lsn) {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Whether a transaction may end here: false is a fact, true may be rounded up when xids are very scattered. */
    public boolean mayEndTransaction(int xid) {
        throw new UnsupportedOperationException("not landed yet");
    }

    public List<WalEvents.DroppedRelation> droppedRelations() {
        throw new UnsupportedOperationException("not landed yet");
    }

    public List<WalEvents.TablespaceCreated> createdTablespaces() {
        throw new UnsupportedOperationException("not landed yet");
    }

    public List<WalEvents.TablespaceDropped> droppedTablespaces() {
        throw new UnsupportedOperationException("not landed yet");
    }

    public List<WalEvents.DatabaseCreated> createdDatabases() {
        throw new UnsupportedOperationException("not landed yet");
    }

    public List<WalEvents.DatabaseDropped> droppedDatabases() {
        throw new UnsupportedOperationException("not landed yet");
    }

    public List<WalEvents.RestorePoint> restorePoints() {
        throw new UnsupportedOperationException("not landed yet");
    }

    public List<WalEvents.CheckpointSeen> checkpoints() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Compact bytes for {@link #parse}. */
    public byte[] toBytes() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /**
     * Reads {@link #toBytes}.
     *
     * @throws PgbkException with code OBJECT_DAMAGED when the bytes are no index
     */
    public static WalSegmentIndex parse(byte[] bytes) {
        throw new UnsupportedOperationException("not landed yet");
    }
}
