package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.wal.WalObjectHeader;
import io.pgbk.catalog.format.wal.WalObjectInfo;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.Spliterators;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.StreamSupport;

/**
 * The WAL of one incarnation in one repository. Nothing in it is ever overwritten. Safe for use by many threads.
 *
 * <p>All methods throw what the store and the format throw: in particular OBJECT_DAMAGED for content that fails its
 * checks.
 */
public final class WalArchive {
    /** How many of the newest segments are asked for a time before the answer is "unknown". */
    private static final int MAX_SEGMENTS_ASKED = 64;

    /** Failures of an object itself, be it damaged or put there by somebody without the key. */
    private static final Set<ErrorCode> UNREADABLE =
            EnumSet.of(ErrorCode.OBJECT_DAMAGED, ErrorCode.KEY_WRONG, ErrorCode.WAL_INVALID);

    private final WalFiles files;
    private final WalNameEvents events;
    private final WalDelivery delivery;
    private final WalPutter putter;
    private final WalContinuity continuity;

    /** The archive of an incarnation; makes no request. */
    public WalArchive(Repository repository, Incarnation incarnation) {
        this.files = new WalFiles(repository, incarnation);
        this.events = new WalNameEvents(repository, incarnation);
        this.delivery = new WalDelivery(files, events);
        this.putter = new WalPutter(files, events, delivery);
        this.continuity = new WalContinuity(files);
    }

    public Incarnation incarnation() {
        return files.incarnation();
    }

    /** Where what is too large for memory may lie for a while. */
    public Path temporaryDirectory() {
        return files.repository().runtime().temporaryDirectory();
    }

    /**
     * Puts a file into the archive, or finds out why not. Durable when this returns Stored, AlreadyIdentical or
     * KeptBeside.
     *
     * @throws io.pgbk.error.PgbkException OTHER_CLUSTER when the system identifier or segment size is not the
     *     incarnation's
     */
    public PutWalOutcome put(WalUpload upload) {
        return putter.put(upload);
    }

    /**
     * The object to deliver for a name: of several variants the one that a person chose, else the longest. Empty is
     * proved absence: the store said that nothing of the name is there, and repository.json and the incarnation were
     * readable with the same credentials.
     */
    public Optional<WalObject> find(WalFileName name) {
        Optional<WalObject> found = delivery.choose(name, files.variants(name));
        if (found.isEmpty()) {
            files.proveAbsence(name);
        }
        return found;
    }

    /** The first archived segment of the same timeline behind this one: where it exists, the missing one is a gap. */
    public Optional<WalSegmentName> firstBehind(WalSegmentName name) {
        Iterator<WalSegmentName> behind = files.segments(
                name.timeline(), Optional.of(name.next(incarnation().segmentSize())));
        return behind.hasNext() ? Optional.of(behind.next()) : Optional.empty();
    }

    /**
     * Decodes an object into the stream. Every byte is authenticated before it is written, but only the normal return
     * proves that the whole content is what was archived, for this cluster and this name: until then the destination
     * must not be used.
     *
     * @return the number of raw bytes
     */
    public long read(WalObject object, OutputStream destination) {
        return files.read(object, destination);
    }

    /**
     * Runs a reading of an object whose destination can be made anew: when the content turns out not to be authentic and
     * the store keeps others under its key, the reading is run again for each of them.
     *
     * @param reading gets the object with the length of the content that is read
     */
    public <T> T authentic(WalObject object, Function<WalObject, T> reading) {
        return files.authentic(object, reading);
    }

    /** What a segment's object says about its content, at the cost of reading its ends; empty for other files. */
    public Optional<WalSegmentIndex> readIndex(WalObject object) {
        return files.index(object);
    }

    /** What an object says about its file, at the cost of reading its ends. */
    public WalObjectInfo readInfo(WalObject object) {
        return files.info(object);
    }

    /** Reads a whole object and checks all of it; returns what it says about its file. */
    public WalObjectInfo check(WalObject object) {
        return files.authentic(object, read -> files.decode(read, OutputStream.nullOutputStream()));
    }

    /** The roll-ups of the segments' indexes. */
    public WalRollUps rollUps() {
        return new WalRollUps(files);
    }

    /** The logs (middle eight digits of segments' names) of which a timeline has anything, ascending (unsigned). */
    public List<Integer> logs(int timeline) {
        return files.logs(timeline);
    }

    /** What one listing shows of the segments of a log. */
    public WalLog log(int timeline, int log) {
        return files.log(timeline, log);
    }

    /** The archived history of a timeline; empty is proved absence. */
    public Optional<TimelineHistory> history(int timeline) {
        return historyFile(timeline).map(content -> TimelineHistory.parse(timeline, content));
    }

    /** The bytes of a timeline's archived history file; empty is proved absence. */
    public Optional<byte[]> historyFile(int timeline) {
        return find(new WalFileName.History(timeline)).map(this::readSmall);
    }

    /**
     * All timelines that have WAL or a history here. A history that cannot be read, of a timeline without anything else,
     * is passed over: nothing of the cluster lies there.
     *
     * @throws PgbkException OBJECT_DAMAGED, KEY_WRONG, WAL_INVALID when another history cannot be read
     */
    public TimelineTree timelineTree() {
        return timelineTree((timeline, failure) -> {
            throw failure;
        });
    }

    /**
     * The same without the histories that cannot be read: their timelines count as such that branched off from none.
     *
     * @param unreadable is told of each of them that has WAL, and why
     */
    public TimelineTree timelineTree(BiConsumer<Integer, PgbkException> unreadable) {
        List<String> children = children();
        List<TimelineHistory> histories = new ArrayList<>();
        List<Integer> timelines = timelinesWithWal(children);
        for (String child : children) {
            if (WalFileName.parse(child).orElse(null) instanceof WalFileName.History name) {
                // Listed, so not proved absent: when it is gone all the same, reading it says so.
                WalObject object = files.variants(name).getFirst();
                try {
                    histories.add(TimelineHistory.parse(name.timeline(), readSmall(object)));
                } catch (PgbkException e) {
                    if (!UNREADABLE.contains(e.code())) {
                        throw e;
                    }
                    if (timelines.contains(name.timeline())) {
                        unreadable.accept(name.timeline(), e);
                    }
                }
            }
        }
        return TimelineTree.of(histories, timelines);
    }

    /** Timelines that have at least one file here, ascending (unsigned). */
    public List<Integer> timelinesWithWal() {
        return timelinesWithWal(children());
    }

    private static List<Integer> timelinesWithWal(List<String> children) {
        List<Integer> timelines = new ArrayList<>();
        for (String child : children) {
            folderTimeline(child).ifPresent(timelines::add);
        }
        return timelines;
    }

    /**
     * The segments of one timeline in order, each name once (its deliverable object is what {@link #find} says), paged
     * while the iterator moves.
     *
     * @param from the first name of interest; empty for all
     */
    public Iterator<WalSegmentName> segments(int timeline, Optional<WalSegmentName> from) {
        return files.segments(timeline, from);
    }

    /** The numbers of the segments of one timeline that are here, by one listing. */
    public SegmentSpans present(int timeline) {
        return continuity.present(timeline);
    }

    /** Everything archived on one timeline, variants, partial segments and backup history files included, in order. */
    public Iterator<WalObject> objects(int timeline) {
        Iterator<ObjectInfo> objects = files.repository().store().list(files.timelinePrefix(timeline), "");
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(objects, 0), false)
                .flatMap(info -> files.toObject(info).stream())
                .iterator();
    }

    /** The documents that say what was removed on purpose. */
    public WalTrimming trimming() {
        return new WalTrimming(files.repository(), files.incarnation());
    }

    /** When a timeline's newest file was archived, or else its history; empty when it has neither. */
    public Optional<Instant> lastArchived(int timeline) {
        return newestFiles(timeline).stream()
                .map(object -> files.info(object).archived())
                .max(Instant::compareTo);
    }

    /** The highest number of a segment of a timeline that has any file of its own here; empty when there is none. */
    public OptionalLong lastNumber(int timeline) {
        return continuity.lastNumber(timeline);
    }

    private List<WalObject> newestFiles(int timeline) {
        List<WalSegmentName> newest = continuity.newest(timeline, 1);
        WalFileName name =
                newest.isEmpty() ? new WalFileName.History(timeline) : new WalFileName.Segment(newest.getFirst());
        return files.variants(name);
    }

    /** The state of every timeline: its ends, and what is missing in between. */
    public List<WalTimeline> timelines() {
        return continuity.timelines(timelineTree());
    }

    /** What is here, and what may be missing. */
    public WalState state() {
        return continuity.state(timelineTree());
    }

    /** What is here, as if nothing were known to be missing on purpose. */
    public WalState stateWithoutTrimming() {
        TimelineTree tree = timelineTree();
        return new WalState(
                tree,
                continuity.present(tree),
                TrimmedWal.NOTHING,
                incarnation().segmentSize());
    }

    /**
     * The same of a listing that was made already.
     *
     * @param listed the whole segments of each timeline of the tree
     */
    public List<WalTimeline> timelines(TimelineTree tree, IntFunction<SegmentSpans> listed) {
        return continuity.timelines(tree, listed);
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
        return continuity.missing(line, from, to, limit);
    }

    /**
     * The last segment on the way to a timeline's end that can be reached from an address without a gap; empty when the
     * very first is missing.
     */
    public Optional<WalSegmentName> lastReachable(TimelineHistory line, Lsn from) {
        return continuity.lastReachable(line, from);
    }

    /** The highest commit time in the archived WAL of a timeline, of the newest segment that can be read and has one. */
    public AttestedTime newestCommit(int timeline) {
        boolean exact = true;
        for (WalSegmentName name : continuity.newest(timeline, MAX_SEGMENTS_ASKED)) {
            try {
                Optional<Instant> time = indexOf(name).flatMap(WalSegmentIndex::highestCommitTime);
                if (time.isPresent()) {
                    return new AttestedTime(time, exact);
                }
            } catch (PgbkException e) {
                if (!UnreadableWal.isMeant(e)) {
                    throw e;
                }
                exact = false;
            }
        }
        return new AttestedTime(Optional.empty(), exact);
    }

    /**
     * When the archive last received a segment, over all timelines, by the clocks of the hosts that archived: until then
     * somebody wrote to it. Empty when it has none.
     */
    public Optional<Instant> newestArchivedTime() {
        Optional<Instant> newest = Optional.empty();
        for (int timeline : timelinesWithWal()) {
            for (WalSegmentName name : continuity.newest(timeline, 1)) {
                for (WalObject object : files.variants(new WalFileName.Segment(name))) {
                    Instant archived = files.info(object).archived();
                    newest = newest.filter(archived::isBefore).or(() -> Optional.of(archived));
                }
            }
        }
        return newest;
    }

    /** All that is archived under one name, and what happened to it: for {@code wal show}. */
    public WalNameReport show(WalFileName name) {
        List<WalObject> objects = files.variants(name);
        List<WalNameReport.Variant> variants = new ArrayList<>();
        for (WalObject object : objects) {
            WalObjectHeader header = files.header(object);
            variants.add(new WalNameReport.Variant(
                    object, header.rawLength(), header.compareDigest().hex()));
        }
        List<WalNameReport.WalEvent> happened =
                name instanceof WalFileName.Segment segment ? events.list(segment.name()) : List.of();
        return new WalNameReport(name, variants, delivery.choose(name, objects), happened);
    }

    /**
     * Decides which of the archived variants of a segment is delivered from now on.
     *
     * @param variant of {@link WalNameReport}: empty for PostgreSQL's own name, else 8 digits
     * @throws io.pgbk.error.PgbkException OBJECT_MISSING when there is no such variant
     */
    public void resolve(WalSegmentName name, String variant, String reason) {
        boolean exists = files.variants(new WalFileName.Segment(name)).stream()
                .anyMatch(object -> object.variant().equals(variant));
        if (!exists) {
            throw new PgbkException(
                    ErrorCode.OBJECT_MISSING,
                    "there is no variant \"" + variant + "\" of " + name + " in "
                            + files.repository().displayName(),
                    "`pgbk wal show` lists the variants of a segment.");
        }
        events.append(name, WalNameEvents.RESOLVED, variant, reason);
    }

    /**
     * Keeps a segment that was refused as a conflict beside the archived one, whatever its records, so that its server
     * can go on archiving.
     *
     * @param deliverNew whether the new one is delivered from now on, else the one delivered so far stays
     */
    public PutWalOutcome putResolved(WalUpload upload, boolean deliverNew, String reason) {
        if (upload.name() instanceof WalFileName.Segment name) {
            return putter.putResolved(name, upload, deliverNew, reason);
        }
        throw new PgbkException(ErrorCode.USAGE, upload.name() + " is no segment", "Only segments can be resolved.");
    }

    private byte[] readSmall(WalObject object) {
        // A history's raw length is not known before it is read; its stored length bounds what a sane one expands to.
        if (object.storedBytes() > TimelineHistory.MAX_BYTES) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED, "object " + object.key() + " is too long for a timeline history");
        }
        return files.authentic(object, read -> {
            LimitedOutput content = new LimitedOutput(TimelineHistory.MAX_BYTES, read.key());
            files.read(read, content);
            return content.toByteArray();
        });
    }

    private List<String> children() {
        Incarnation incarnation = incarnation();
        return files.repository()
                .store()
                .listChildren(RepositoryLayout.walArchive(incarnation.cluster(), incarnation.number()));
    }

    /** The timeline of a folder's name, empty for what is none. */
    private static Optional<Integer> folderTimeline(String child) {
        return child.length() == 9 && child.endsWith("/")
                ? WalFileName.parse(child.substring(0, 8) + WalFileName.HISTORY_SUFFIX)
                        .map(WalFileName::timeline)
                : Optional.empty();
    }

    private Optional<WalSegmentIndex> indexOf(WalSegmentName name) {
        WalFileName file = new WalFileName.Segment(name);
        return delivery.choose(file, files.variants(file)).flatMap(files::index);
    }
}
