package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.BufferPool;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;

/** Copies WAL into another repository: what the archive there lacks, each file decoded, checked and put as a push does. */
final class WalCopier {
    private static final int BATCH = 64;
    private static final int MAX_FAILURES = 1000;

    /** What decoding a file and encoding it again takes, the frame between both included. */
    private static final long BUFFER_BYTES = FrameCodec.readingBytes(FormatLimits.DEFAULT_FRAME_BYTES)
            + FrameCodec.writingBytes(FormatLimits.DEFAULT_FRAME_BYTES)
            + BufferPool.sizeOf(FormatLimits.DEFAULT_FRAME_BYTES);

    private final ClusterCatalog from;
    private final ClusterCatalog to;
    /** Incarnations of the one repository by their numbers in the other. */
    private final Map<Integer, Incarnation> sources;

    private final int parallel;
    private final TaskMonitor monitor;
    private final AtomicLong files = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final List<PgbkException> failures = Collections.synchronizedList(new ArrayList<>());
    /** By the number of the incarnation in the other repository. */
    private final Map<Integer, LeftOutWal> begun = new TreeMap<>();

    WalCopier(
            ClusterCatalog from,
            ClusterCatalog to,
            Map<Integer, Incarnation> sources,
            int parallel,
            TaskMonitor monitor) {
        this.from = from;
        this.to = to;
        this.sources = Map.copyOf(sources);
        this.parallel = parallel;
        this.monitor = monitor;
    }

    /** Files that were stored. */
    long files() {
        return files.get();
    }

    /** Their raw bytes. */
    long bytes() {
        return bytes.get();
    }

    /** What kept single files from being copied by {@link #copyEverything}. */
    List<PgbkException> failures() {
        return List.copyOf(failures);
    }

    private WalArchive source(Incarnation target) {
        Incarnation source = sources.get(target.number());
        if (source == null) {
            throw new IllegalStateException("incarnation " + target.number() + " has no source");
        }
        return from.wal(source);
    }

    /** Before anything is copied: says that all WAL of an incarnation will be. */
    void beginEverything(Incarnation incarnation) {
        begin(incarnation, LeftOutWal.ofEverything(source(incarnation), to.wal(incarnation)));
    }

    /** Before anything is copied: says that of an incarnation just the WAL of these backups will be. */
    void begin(Incarnation incarnation, List<BackupRecord> backups) {
        WalArchive source = source(incarnation);
        NavigableMap<Integer, SegmentSpans> brought = new TreeMap<>(Integer::compareUnsigned);
        for (BackupRecord backup : backups) {
            wayOf(backup, lineOf(source, backup), incarnation)
                    .forEach((timeline, spans) -> brought.merge(timeline, spans, SegmentSpans::plus));
        }
        begin(incarnation, LeftOutWal.of(source, to.wal(incarnation), brought));
    }

    private void begin(Incarnation incarnation, LeftOutWal leftOut) {
        leftOut.begin();
        begun.put(incarnation.number(), leftOut);
    }

    /** When everything was copied: returns what is missing in the one repository and so in the other. */
    List<PgbkException> end() {
        return begun.values().stream()
                .flatMap(leftOut -> leftOut.end().stream())
                .toList();
    }

    private static TimelineHistory lineOf(WalArchive source, BackupRecord backup) {
        int timeline = backup.summary().timeline();
        return source.history(timeline).orElseGet(() -> TimelineHistory.root(timeline));
    }

    private static NavigableMap<Integer, SegmentSpans> wayOf(
            BackupRecord backup, TimelineHistory line, Incarnation incarnation) {
        return TrimmedWal.way(
                line, backup.summary().startLsn(), Optional.of(backup.summary().stopLsn()), incarnation.segmentSize());
    }

    /**
     * Copies the WAL that a backup needs to become consistent, and the histories on the way.
     *
     * @throws PgbkException WAL_GAP when the one repository lacks some of it
     */
    void copyRange(BackupRecord backup, Incarnation incarnation) {
        WalArchive source = source(incarnation);
        WalArchive target = to.wal(incarnation);
        TimelineHistory line = lineOf(source, backup);
        line.ranges().forEach(range -> copyHistory(source, target, range.timeline()));
        // What the other repository removed on purpose is wanted there again; the intent of the copy says so already.
        target.trimming().reclaim(wayOf(backup, line, incarnation));
        List<WalSegmentName> missing;
        do {
            missing = target.missing(
                    line, backup.summary().startLsn(), backup.summary().stopLsn(), BATCH);
            runAll(missing.stream()
                    .<Workers.Task>map(name -> () -> copySegment(source, target, name))
                    .toList());
        } while (missing.size() == BATCH);
    }

    private void copySegment(WalArchive source, WalArchive target, WalSegmentName name) {
        WalObject object = source.find(new WalFileName.Segment(name))
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.WAL_GAP,
                        "WAL segment " + name + " is not in "
                                + from.repository().displayName() + ", and a backup needs it",
                        "Run `pgbk verify --repository` on it."));
        copy(source, target, object);
    }

    /**
     * Copies everything that the one archive holds (or held when it was begun) and the other lacks and has not removed on
     * purpose; what goes meanwhile is passed over. A file that is damaged or in conflict keeps no other from being copied;
     * of a timeline whose histories differ, and of what branched off from it, nothing is.
     */
    void copyEverything(Incarnation incarnation) {
        copyEverything(incarnation, _ -> true);
    }

    /** The same for the timelines that are wanted. */
    void copyEverything(Incarnation incarnation, IntPredicate wanted) {
        Optional<LeftOutWal> leftOut = Optional.ofNullable(begun.get(incarnation.number()));
        WalArchive source = source(incarnation);
        WalArchive target = to.wal(incarnation);
        Set<Integer> passedOver = new HashSet<>();
        TimelineTree tree = source.timelineTree();
        IntPredicate brought = timeline -> wanted.test(timeline)
                && leftOut.map(begin -> begin.isBrought(timeline)).orElse(true);
        Set<Integer> foreign = new HashSet<>();
        for (int timeline : tree.timelines()) {
            if (!brought.test(timeline)) {
                passedOver.add(timeline);
            } else if (isFrom(foreign, tree, timeline) || !tolerated(() -> copyHistory(source, target, timeline))) {
                foreign.add(timeline);
            }
        }
        passedOver.addAll(foreign);
        for (int timeline : source.timelinesWithWal()) {
            if (brought.test(timeline) && !passedOver.contains(timeline)) {
                copyTimeline(
                        source,
                        target,
                        timeline,
                        leftOut.map(begin -> begin.last(timeline)).orElse(Long.MAX_VALUE));
            }
        }
    }

    private static boolean isFrom(Set<Integer> ancestors, TimelineTree tree, int timeline) {
        return tree.history(timeline).stream()
                .flatMap(history -> history.ranges().stream())
                .anyMatch(range -> ancestors.contains(range.timeline()));
    }

    /** Runs work on one file; false when something is wrong with that file, which is noted. */
    boolean tolerated(Runnable work) {
        return attempt(work).isEmpty();
    }

    /** Runs work on one file and returns what is wrong with that file, which is noted. */
    Optional<ErrorCode> attempt(Runnable work) {
        try {
            work.run();
            return Optional.empty();
        } catch (PgbkException e) {
            boolean ofThisFile = switch (e.code()) {
                case OBJECT_DAMAGED, OBJECT_MISSING, WAL_CONFLICT, TIMELINE_CONFLICT -> true;
                default -> false;
            };
            if (!ofThisFile) {
                throw e;
            }
            if (failures.size() < MAX_FAILURES) {
                failures.add(e);
            }
            return Optional.of(e.code());
        }
    }

    private void copyTimeline(WalArchive source, WalArchive target, int timeline, long last) {
        WalSegmentSize size = target.incarnation().segmentSize();
        Iterator<WalObject> objects = source.objects(timeline);
        Iterator<WalSegmentName> present = target.segments(timeline, Optional.empty());
        Optional<WalSegmentName> next = next(present);
        Batch batch = new Batch(source, target);
        while (objects.hasNext()) {
            WalObject object = objects.next();
            if (object.name() instanceof WalFileName.Segment(WalSegmentName name) && name.number(size) > last) {
                continue;
            }
            if (object.name() instanceof WalFileName.Segment(WalSegmentName name)
                    && object.variant().isEmpty()) {
                // Both listings ascend.
                while (next.isPresent() && next.get().toString().compareTo(name.toString()) < 0) {
                    next = next(present);
                }
                if (next.isPresent() && next.get().equals(name)) {
                    continue;
                }
            } else if (!object.variant().isEmpty()) {
                // A variant is put behind the name that it is one of.
                batch.copy();
            }
            batch.add(object);
        }
        batch.copy();
    }

    /**
     * What one archive lacks of the other by listings, without what was removed there on purpose. That is read behind the
     * listings: who removes says so first, so what it does not name was not there.
     */
    private final class Batch {
        private final WalArchive source;
        private final WalArchive target;
        private final WalSegmentSize size;
        private final List<WalObject> objects = new ArrayList<>();
        private TrimmedWal trimmed = TrimmedWal.NOTHING;

        Batch(WalArchive source, WalArchive target) {
            this.source = source;
            this.target = target;
            this.size = target.incarnation().segmentSize();
        }

        void add(WalObject object) {
            // By a statement that is not the newest: what another copy wants again since, that one brings.
            if (!trimmed.isRemoved(object, size)) {
                objects.add(object);
            }
            if (objects.size() == BATCH) {
                copy();
            }
        }

        void copy() {
            if (objects.isEmpty()) {
                return;
            }
            trimmed = target.trimming().read();
            Optional.ofNullable(begun.get(target.incarnation().number()))
                    .ifPresent(leftOut -> leftOut.passOver(trimmed.removed()));
            runAll(objects.stream()
                    .filter(object -> !trimmed.isRemoved(object, size))
                    .<Workers.Task>map(
                            object -> () -> tolerated(() -> monitor.advance(copyIfThere(source, target, object))))
                    .toList());
            objects.clear();
        }
    }

    private static Optional<WalSegmentName> next(Iterator<WalSegmentName> names) {
        return names.hasNext() ? Optional.of(names.next()) : Optional.empty();
    }

    /** Runs tasks on as many threads as this copy may have. */
    void runAll(List<Workers.Task> tasks) {
        if (tasks.isEmpty()) {
            return;
        }
        try (Workers workers =
                Workers.within(to.repository().runtime().buffers(), "copy-wal", parallel, BUFFER_BYTES, monitor)) {
            workers.run(tasks);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void copyHistory(WalArchive source, WalArchive target, int timeline) {
        if (timeline != 1) {
            source.find(new WalFileName.History(timeline)).ifPresent(object -> copyIfThere(source, target, object));
        }
    }

    /** Returns the raw bytes that were stored. */
    long copyIfThere(WalArchive source, WalArchive target, WalObject object) {
        try {
            return copy(source, target, object);
        } catch (ObjectMissingException e) {
            monitor.warn(object.key() + " was removed while it was copied, and is not in the copy");
            return 0;
        }
    }

    private long copy(WalArchive source, WalArchive target, WalObject object) {
        monitor.checkCancelled();
        try (RawWal raw = source.authentic(
                object,
                read -> RawWal.read(source, read, to.repository().runtime().temporaryDirectory()))) {
            WalUpload upload = new WalUpload(
                    object.name(), raw, target.incarnation().identity().systemIdentifier(), source.readIndex(object));
            PutWalOutcome outcome = target.put(upload);
            if (outcome instanceof PutWalOutcome.Conflict && !object.variant().isEmpty()) {
                // A person decided about it in the one repository: both stay, and what is delivered stays the same.
                boolean delivered =
                        source.find(object.name()).map(object::equals).orElse(false);
                outcome = target.putResolved(upload, delivered, "copied from another repository");
            }
            return switch (outcome) {
                case PutWalOutcome.Stored _, PutWalOutcome.KeptBeside _ -> {
                    files.incrementAndGet();
                    bytes.addAndGet(raw.length());
                    yield raw.length();
                }
                case PutWalOutcome.AlreadyIdentical _ -> 0L;
                case PutWalOutcome.Conflict _ ->
                    throw new PgbkException(
                            ErrorCode.WAL_CONFLICT,
                            object.name() + " has other records in "
                                    + to.repository().displayName() + " than in "
                                    + from.repository().displayName(),
                            "Find out which server wrote which; `pgbk wal show` shows both.");
                case PutWalOutcome.HistoryConflict _ ->
                    throw new PgbkException(
                            ErrorCode.TIMELINE_CONFLICT,
                            object.name() + " differs between "
                                    + to.repository().displayName() + " and "
                                    + from.repository().displayName(),
                            "Two servers were promoted to one timeline.");
            };
        }
    }
}
