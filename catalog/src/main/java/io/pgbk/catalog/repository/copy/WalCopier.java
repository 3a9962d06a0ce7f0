package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** Copies WAL into another repository: what the archive there lacks, each file decoded, checked and put as a push does. */
final class WalCopier {
    private static final int BATCH = 64;

    private final ClusterCatalog from;
    private final ClusterCatalog to;
    /** Incarnations of the one repository by their numbers in the other. */
    private final Map<Integer, Incarnation> sources;

    private final int parallel;
    private final TaskMonitor monitor;
    private final AtomicLong files = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

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

    private WalArchive source(Incarnation target) {
        Incarnation source = sources.get(target.number());
        if (source == null) {
            throw new IllegalStateException("incarnation " + target.number() + " has no source");
        }
        return from.wal(source);
    }

    /**
     * Copies the WAL that a backup needs to become consistent, and the histories on the way.
     *
     * @throws PgbkException WAL_GAP when the one repository lacks some of it
     */
    void copyRange(BackupRecord backup, Incarnation incarnation) {
        WalArchive source = source(incarnation);
        WalArchive target = to.wal(incarnation);
        copyHistories(source, target);
        int timeline = backup.summary().timeline();
        TimelineHistory line = source.history(timeline).orElseGet(() -> TimelineHistory.root(timeline));
        // What the other repository removed on purpose is wanted there again; the intent of the copy says so already.
        target.trimming()
                .reclaim(TrimmedWal.way(
                        line,
                        backup.summary().startLsn(),
                        Optional.of(backup.summary().stopLsn()),
                        incarnation.segmentSize()));
        List<WalSegmentName> missing;
        do {
            missing = target.missing(
                    line, backup.summary().startLsn(), backup.summary().stopLsn(), BATCH);
            copyAll(missing.stream()
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
     * Copies everything that the one archive holds and the other lacks and has not removed on purpose; what goes
     * meanwhile is passed over.
     */
    void copyEverything(Incarnation incarnation) {
        WalArchive source = source(incarnation);
        WalArchive target = to.wal(incarnation);
        copyHistories(source, target);
        for (int timeline : source.timelinesWithWal()) {
            copyTimeline(source, target, timeline, target.trimming().read());
        }
    }

    private void copyTimeline(WalArchive source, WalArchive target, int timeline, TrimmedWal trimmed) {
        Iterator<WalObject> objects = source.objects(timeline);
        Iterator<WalSegmentName> present = target.segments(timeline, Optional.empty());
        Optional<WalSegmentName> next = next(present);
        List<Workers.Task> batch = new ArrayList<>();
        while (objects.hasNext()) {
            WalObject object = objects.next();
            if (trimmed.isRemoved(object, target.incarnation().segmentSize())) {
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
            } else if (!object.variant().isEmpty() && !batch.isEmpty()) {
                // A variant is put behind the name that it is one of.
                copyAll(batch);
                batch.clear();
            }
            batch.add(() -> copyIfThere(source, target, object));
            if (batch.size() == BATCH) {
                copyAll(batch);
                batch.clear();
            }
        }
        copyAll(batch);
    }

    private static Optional<WalSegmentName> next(Iterator<WalSegmentName> names) {
        return names.hasNext() ? Optional.of(names.next()) : Optional.empty();
    }

    private void copyAll(List<Workers.Task> tasks) {
        if (tasks.isEmpty()) {
            return;
        }
        try (Workers workers = new Workers("copy-wal", parallel)) {
            workers.run(tasks);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void copyHistories(WalArchive source, WalArchive target) {
        for (int timeline : source.timelineTree().timelines()) {
            if (timeline != 1) {
                source.find(new WalFileName.History(timeline)).ifPresent(object -> copyIfThere(source, target, object));
            }
        }
    }

    private void copyIfThere(WalArchive source, WalArchive target, WalObject object) {
        try {
            copy(source, target, object);
        } catch (ObjectMissingException e) {
            monitor.warn(object.key() + " was removed while it was copied, and is not in the copy");
        }
    }

    private void copy(WalArchive source, WalArchive target, WalObject object) {
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
            switch (outcome) {
                case PutWalOutcome.Stored _, PutWalOutcome.KeptBeside _ -> {
                    files.incrementAndGet();
                    bytes.addAndGet(raw.length());
                }
                case PutWalOutcome.AlreadyIdentical _ -> {}
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
            }
        }
    }
}
