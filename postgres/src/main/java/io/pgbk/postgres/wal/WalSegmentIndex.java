package io.pgbk.postgres.wal;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What one archived WAL segment holds, as far as restores want to know: built by {@link WalSegmentScanner}, kept beside
 * the segment in the archive.
 *
 * <p>Times are those of transaction ends (commits and aborts, prepared ones included): exactly what PostgreSQL compares
 * with recovery_target_time. Everything counts where its record starts. A record that ends in the next segment is not in
 * either index: {@link #straddlingEvents} reads it from both.
 */
public final class WalSegmentIndex {
    /** Times are kept per so many bytes of the segment. */
    public static final int GRANULE_BYTES = 64 << 10;

    /** So many events are kept; a segment with more says so ({@link #isComplete()}). */
    public static final int MAX_EVENTS = 100_000;

    /** How the segment ends. */
    public enum Ending {
        /** The records go on in the next segment. */
        FULL,
        /** A segment switch: the rest is zeros. */
        SWITCHED,
        /** The records end early: the last segment of a timeline. */
        INCOMPLETE,
        /** Records were not read, or not to the end. */
        UNKNOWN
    }

    /** A relation whose files vanished when the transaction ended (DROP, TRUNCATE, rewrites). */
    public record DroppedRelation(Lsn lsn, int xid, Instant time, WalEvents.RelationFile relation) {}

    /**
     * All that is known.
     *
     * @param events what is kept one by one, in the order of the log
     */
    record Content(
            WalSegmentName name,
            WalSegmentSize segmentSize,
            long systemIdentifier,
            int walMagic,
            Optional<String> notIndexedReason,
            Ending ending,
            Optional<Lsn> firstRecordLsn,
            Optional<Lsn> lastRecordEndLsn,
            CommitTimes times,
            XidRanges xids,
            boolean complete,
            List<WalEvents> events,
            List<DroppedRelation> droppedRelations,
            Straddle leading,
            Straddle trailing) {
        Content {
            events = List.copyOf(events);
            droppedRelations = List.copyOf(droppedRelations);
        }
    }

    private final Content content;

    WalSegmentIndex(Content content) {
        this.content = content;
    }

    Content content() {
        return content;
    }

    public WalSegmentName name() {
        return content.name();
    }

    public WalSegmentSize segmentSize() {
        return content.segmentSize();
    }

    /** The cluster that wrote it, unsigned. */
    public long systemIdentifier() {
        return content.systemIdentifier();
    }

    /** The 16-bit magic number of its pages. */
    public int walMagic() {
        return content.walMagic();
    }

    /** The address of the segment's first byte. */
    public Lsn startLsn() {
        return name().startLsn(segmentSize());
    }

    /** The address behind the segment's last byte. */
    public Lsn endLsn() {
        return name().endLsn(segmentSize());
    }

    /**
     * Why the records were not read, or not to the end; empty when they were and the answers below are facts. Otherwise
     * they only tell of the part that was read.
     */
    public Optional<String> notIndexedReason() {
        return content.notIndexedReason();
    }

    /** Whether the records were read. */
    public boolean isIndexed() {
        return notIndexedReason().isEmpty();
    }

    /** Whether the lists hold all that there was; times and transactions always count all. */
    public boolean isComplete() {
        return content.complete();
    }

    public Ending ending() {
        return content.ending();
    }

    /** Where the first record begins that begins (and ends) in this segment. */
    public Optional<Lsn> firstRecordLsn() {
        return content.firstRecordLsn();
    }

    /** The end of the last record that ends in this segment, be it one from the segment before. */
    public Optional<Lsn> lastRecordEndLsn() {
        return content.lastRecordEndLsn();
    }

    /** Where a record starts that goes on in the next segment. */
    public Optional<Lsn> straddlerLsn() {
        return content.trailing().present() ? Optional.of(content.trailing().edge()) : Optional.empty();
    }

    /** The highest time of a transaction end in a record of this segment. */
    public Optional<Instant> highestCommitTime() {
        return highestCommitTimeUpTo(endLsn());
    }

    /** The same over records that start before {@code lsn}, rounded up to the granule. */
    public Optional<Instant> highestCommitTimeUpTo(Lsn lsn) {
        return content.times().highestUpTo(lsn);
    }

    /** Whether a transaction may end here: false is a fact, true may be rounded up when xids are very scattered. */
    public boolean mayEndTransaction(int xid) {
        return content.xids().mayContain(xid);
    }

    public List<DroppedRelation> droppedRelations() {
        return content.droppedRelations();
    }

    public List<WalEvents.TablespaceCreated> createdTablespaces() {
        return events(WalEvents.TablespaceCreated.class);
    }

    public List<WalEvents.TablespaceDropped> droppedTablespaces() {
        return events(WalEvents.TablespaceDropped.class);
    }

    public List<WalEvents.DatabaseCreated> createdDatabases() {
        return events(WalEvents.DatabaseCreated.class);
    }

    public List<WalEvents.DatabaseDropped> droppedDatabases() {
        return events(WalEvents.DatabaseDropped.class);
    }

    public List<WalEvents.RestorePoint> restorePoints() {
        return events(WalEvents.RestorePoint.class);
    }

    /** The restore points of this name, in the order of the log: recovery stops at the first that it meets. */
    public List<WalEvents.RestorePoint> restorePoints(String restorePointName) {
        return restorePoints().stream()
                .filter(point -> point.name().equals(restorePointName))
                .toList();
    }

    public List<WalEvents.CheckpointSeen> checkpoints() {
        return events(WalEvents.CheckpointSeen.class);
    }

    public List<WalEvents.EndOfRecovery> endsOfRecovery() {
        return events(WalEvents.EndOfRecovery.class);
    }

    private <T extends WalEvents> List<T> events(Class<T> type) {
        return content.events().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /** Whether it is certain what the record says that crosses the border to {@code next}, or that there is none. */
    public boolean isStraddlerKnown(WalSegmentIndex next) {
        return SegmentJoin.join(this, next).known();
    }

    /**
     * What the record says that starts in this segment and ends in the next one: usually nothing of interest.
     *
     * @param next the index of the segment behind this one on the same way through the timelines
     * @return the events; empty also when it is unknown
     */
    public List<WalEvents> straddlingEvents(WalSegmentIndex next) {
        return SegmentJoin.join(this, next).events();
    }

    /** Compact bytes for {@link #parse}. */
    public byte[] toBytes() {
        return IndexCodec.encode(content);
    }

    /**
     * Reads {@link #toBytes}.
     *
     * @throws PgbkException with code OBJECT_DAMAGED when the bytes are no index
     */
    public static WalSegmentIndex parse(byte[] bytes) {
        return new WalSegmentIndex(IndexCodec.decode(bytes));
    }

    /** The version that wrote the segment, when pgbk knows it. */
    public Optional<PostgresMajor> major() {
        return PostgresMajor.ofWalMagic(walMagic());
    }

    /** Collects the events of one segment in the order of the log. */
    static final class Builder implements Consumer<WalEvents> {
        private final CommitTimes times;
        private final XidRanges.Builder xids = new XidRanges.Builder();
        private final List<WalEvents> events = new ArrayList<>();
        private final List<DroppedRelation> dropped = new ArrayList<>();
        private boolean complete = true;

        Builder(Lsn start, WalSegmentSize size) {
            this.times = CommitTimes.none(start, size.bytes());
        }

        @Override
        public void accept(WalEvents event) {
            if (event instanceof WalEvents.TransactionEnd end) {
                times.add(end.lsn(), end.time());
                xids.add(end.xid());
                for (WalEvents.RelationFile relation : end.droppedRelations()) {
                    keep(dropped, new DroppedRelation(end.lsn(), end.xid(), end.time(), relation));
                }
            } else {
                keep(events, event);
            }
        }

        private <T> void keep(List<T> list, T element) {
            if (list.size() < MAX_EVENTS) {
                list.add(element);
            } else {
                complete = false;
            }
        }

        CommitTimes times() {
            return times;
        }

        XidRanges xids() {
            return xids.build();
        }

        boolean isComplete() {
            return complete;
        }

        List<WalEvents> events() {
            return events;
        }

        List<DroppedRelation> dropped() {
            return dropped;
        }
    }
}
