package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * The WAL of one incarnation in one repository. Nothing in it is ever overwritten. Safe for use by many threads.
 *
 * <p>All methods throw what the store and the format throw: in particular OBJECT_DAMAGED for content that fails its
 * checks.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class WalArchive {
    /** The archive of an incarnation; makes no request. */
    public WalArchive(Repository repository, Incarnation incarnation) {
        throw new UnsupportedOperationException();
    }

    public Incarnation incarnation() {
        throw new UnsupportedOperationException();
    }

    /**
     * Puts a file into the archive, or finds out why not. Durable when this returns Stored, AlreadyIdentical or
     * KeptBeside.
     *
     * @throws io.pgbk.error.PgbkException OTHER_CLUSTER when the system identifier or segment size is not the
     *     incarnation's
     */
    public PutWalOutcome put(WalUpload upload) {
        throw new UnsupportedOperationException();
    }

    /**
     * The object to deliver for a name: of several variants the one that a person chose, else the longest. Empty is
     * proved absence: the store said that nothing of the name is there, and repository.json and the incarnation were
     * readable with the same credentials.
     */
    public Optional<WalObject> find(WalFileName name) {
        throw new UnsupportedOperationException();
    }

    /** The first archived segment of the same timeline behind this one: where it exists, the missing one is a gap. */
    public Optional<WalSegmentName> firstBehind(WalSegmentName name) {
        throw new UnsupportedOperationException();
    }

    /**
     * Decodes an object into the stream. Every byte is authenticated before it is written, but only the normal return
     * proves that the whole content is what was archived, for this cluster and this name: until then the destination
     * must not be used.
     *
     * @return the number of raw bytes
     */
    public long read(WalObject object, OutputStream destination) {
        throw new UnsupportedOperationException();
    }

    /** What a segment's object says about its content, at the cost of reading its ends; empty for other files. */
    public Optional<WalSegmentIndex> readIndex(WalObject object) {
        throw new UnsupportedOperationException();
    }

    /** The archived history of a timeline; empty is proved absence. */
    public Optional<TimelineHistory> history(int timeline) {
        throw new UnsupportedOperationException();
    }

    /** The bytes of a timeline's archived history file; empty is proved absence. */
    public Optional<byte[]> historyFile(int timeline) {
        throw new UnsupportedOperationException();
    }

    /** All timelines that have WAL or a history here. */
    public TimelineTree timelineTree() {
        throw new UnsupportedOperationException();
    }

    /** Timelines that have at least one file here, ascending (unsigned). */
    public List<Integer> timelinesWithWal() {
        throw new UnsupportedOperationException();
    }

    /**
     * The segments of one timeline in order, each name once (its deliverable object is what {@link #find} says), paged
     * while the iterator moves.
     *
     * @param from the first name of interest; empty for all
     */
    public Iterator<WalSegmentName> segments(int timeline, Optional<WalSegmentName> from) {
        throw new UnsupportedOperationException();
    }

    /** Everything archived on one timeline, variants, partial segments and backup history files included, in order. */
    public Iterator<WalObject> objects(int timeline) {
        throw new UnsupportedOperationException();
    }

    /** The state of every timeline: its ends, and what is missing in between. */
    public List<WalTimeline> timelines() {
        throw new UnsupportedOperationException();
    }

    /**
     * The segments that replay from one address to another needs and that are not here, ascending.
     *
     * @param line the history of the timeline on which replay ends
     * @param from first byte needed
     * @param to first byte not needed
     * @param limit how many names at most
     */
    public List<WalSegmentName> missing(TimelineHistory line, Lsn from, Lsn to, int limit) {
        throw new UnsupportedOperationException();
    }

    /**
     * The last segment on the way to a timeline's end that can be reached from an address without a gap; empty when the
     * very first is missing.
     */
    public Optional<WalSegmentName> lastReachable(TimelineHistory line, Lsn from) {
        throw new UnsupportedOperationException();
    }

    /** The highest commit time in the archived WAL of a timeline; empty when none of its newest segments has one. */
    public Optional<Instant> newestCommitTime(int timeline) {
        throw new UnsupportedOperationException();
    }

    /**
     * The newest time that any record (a commit or a checkpoint) of the last archived segments carries, over all
     * timelines: the archive lived at least until then. Empty when nothing tells.
     */
    public Optional<Instant> newestRecordTime() {
        throw new UnsupportedOperationException();
    }

    /** All that is archived under one name, and what happened to it: for {@code wal show}. */
    public WalNameReport show(WalFileName name) {
        throw new UnsupportedOperationException();
    }

    /**
     * Decides which of the archived variants of a segment is delivered from now on.
     *
     * @param variant of {@link WalNameReport}: empty for PostgreSQL's own name, else 8 digits
     * @throws io.pgbk.error.PgbkException OBJECT_MISSING when there is no such variant
     */
    public void resolve(WalSegmentName name, String variant, String reason) {
        throw new UnsupportedOperationException();
    }

    /**
     * Keeps a segment that was refused as a conflict beside the archived one, whatever its records, so that its server
     * can go on archiving.
     *
     * @param deliverNew whether the new one is delivered from now on, else the one delivered so far stays
     */
    public PutWalOutcome putResolved(WalUpload upload, boolean deliverNew, String reason) {
        throw new UnsupportedOperationException();
    }
}
