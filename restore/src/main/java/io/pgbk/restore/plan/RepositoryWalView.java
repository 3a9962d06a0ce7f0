package io.pgbk.restore.plan;

import io.pgbk.catalog.repository.wal.RollUpPlace;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The WAL archive of a repository as the planner sees it: each timeline is listed once; facts come from the roll-ups of
 * complete logs where these are there and fit the listing, else from the segments' own objects. While facts are asked
 * for in a row the next ones are fetched ahead in parallel. Keeps the indexes of at most {@value #MAX_CACHED} segments
 * and the outlines of at most {@value #MAX_OUTLINES}. Used by one thread.
 */
public final class RepositoryWalView implements WalView, AutoCloseable {
    private static final int MAX_CACHED = 1024;
    private static final int MAX_OUTLINES = 8192;
    private static final int MAX_LOGS = 16;
    private static final int MAX_AHEAD = 64;
    private static final int THREADS = 8;

    private record Place(int timeline, long number) {}

    private record LogPlace(int timeline, int log) {}

    private final WalArchive archive;
    private final TaskMonitor monitor;
    private final TimelineTree timelines;
    private final WalSegmentSize size;
    private final int logsKept;
    private final Map<Integer, TimelineListing> listings = new HashMap<>();
    private final Map<LogPlace, Future<LogFacts>> logs = new LinkedHashMap<>(MAX_LOGS, 0.75f, true);
    private final Map<Place, SegmentFacts> facts = new LinkedHashMap<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(
            THREADS, Thread.ofPlatform().daemon().name("wal-index-", 0).factory());
    private int ahead = 1;
    private Place last = new Place(0, -2);
    private LogPlace lastLog = new LogPlace(0, 0);

    /** @throws PgbkException OBJECT_DAMAGED, KEY_WRONG, WAL_INVALID when a timeline's history cannot be read */
    public RepositoryWalView(WalArchive archive, TaskMonitor monitor) {
        this(archive, OptionalInt.empty(), monitor);
    }

    /**
     * A view for a restore.
     *
     * @param followed the timeline that was asked for: others whose histories cannot be read are left out then
     * @throws PgbkException OBJECT_DAMAGED, KEY_WRONG, WAL_INVALID when another history cannot be read
     */
    public RepositoryWalView(WalArchive archive, OptionalInt followed, TaskMonitor monitor) {
        this.archive = archive;
        this.monitor = monitor;
        this.timelines = archive.timelineTree((timeline, failure) -> leaveOut(timeline, failure, followed, monitor));
        this.size = archive.incarnation().segmentSize();
        this.logsKept = Math.clamp(MAX_OUTLINES / size.segmentsPerLog(), 2, MAX_LOGS);
    }

    private static void leaveOut(int timeline, PgbkException failure, OptionalInt followed, TaskMonitor monitor) {
        String name = "timeline " + Integer.toUnsignedString(timeline);
        if (followed.isEmpty()) {
            throw new PgbkException(
                    failure.code(),
                    "where " + name + " comes from cannot be read: " + failure.getMessage(),
                    "If it is not wanted, `pgbk restore --target-timeline` with another timeline leaves it out.",
                    failure);
        }
        if (followed.getAsInt() == timeline) {
            throw failure;
        }
        monitor.warn(name + " is left out, because its history cannot be read: " + failure.getMessage());
    }

    @Override
    public WalSegmentSize segmentSize() {
        return size;
    }

    @Override
    public TimelineTree timelines() {
        return timelines;
    }

    @Override
    public SegmentRuns segments(int timeline) {
        return listing(timeline).segments();
    }

    private TimelineListing listing(int timeline) {
        return listings.computeIfAbsent(
                timeline, number -> TimelineListing.of(archive.objects(number), rollUps(number), size));
    }

    private List<RollUpPlace> rollUps(int timeline) {
        try {
            return archive.rollUps().list(timeline);
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.PERMISSION_DENIED) {
                throw e;
            }
            monitor.warn("roll-ups of WAL indexes are not used: " + e.getMessage());
            return List.of();
        }
    }

    @Override
    public SegmentFacts facts(int timeline, long number) {
        Place place = new Place(timeline, number);
        SegmentFacts known = facts.get(place);
        if (known == null) {
            known = segments(timeline).contains(number)
                    ? outlined(place).orElseGet(() -> read(place))
                    : SegmentFacts.UNKNOWN;
        }
        last = place;
        return known;
    }

    private Optional<SegmentFacts> outlined(Place place) {
        WalSegmentName name = WalSegmentName.ofNumber(place.timeline(), place.number(), size);
        return Optional.ofNullable(log(place).outlines().get(name))
                .map(outline -> new OutlinedSegment(name, size, outline, () -> read(place)));
    }

    private LogFacts log(Place place) {
        LogPlace log = new LogPlace(place.timeline(), (int) (place.number() / size.segmentsPerLog()));
        Future<LogFacts> wanted = begun(log);
        int step = log.log() - lastLog.log();
        if (log.timeline() == lastLog.timeline() && Math.abs(step) == 1) {
            for (int i = 1; i <= logsKept / 2; i++) {
                LogPlace next = new LogPlace(log.timeline(), log.log() + i * step);
                if (listing(log.timeline()).rollUp(next.log()).isPresent()) {
                    Future<LogFacts> _ = begun(next);
                }
            }
        }
        lastLog = log;
        return join(wanted);
    }

    private Future<LogFacts> begun(LogPlace log) {
        Future<LogFacts> known = logs.get(log);
        if (known != null) {
            return known;
        }
        monitor.checkCancelled();
        TimelineListing listing = listing(log.timeline());
        Future<LogFacts> answer =
                threads.submit(() -> LogFacts.read(archive, listing, log.timeline(), log.log(), monitor));
        logs.put(log, answer);
        if (logs.size() > logsKept) {
            Iterator<LogPlace> oldest = logs.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        return answer;
    }

    /** From the segment's own object. */
    private SegmentFacts read(Place place) {
        SegmentFacts known = facts.get(place);
        if (known == null) {
            long step = place.number() - last.number();
            boolean inARow = last.timeline() == place.timeline() && Math.abs(step) == 1;
            ahead = inARow ? Math.min(MAX_AHEAD, ahead * 2) : 1;
            fetch(place, inARow && step < 0 ? -1 : 1);
            known = facts.getOrDefault(place, SegmentFacts.UNKNOWN);
        }
        return known;
    }

    private void fetch(Place first, int direction) {
        monitor.checkCancelled();
        LogFacts log = log(first);
        SegmentRuns present = segments(first.timeline());
        Map<Place, WalSegmentName> wanted = new LinkedHashMap<>();
        for (int i = 0; i < ahead; i++) {
            Place place = new Place(first.timeline(), first.number() + (long) i * direction);
            if (place.number() / size.segmentsPerLog() != first.number() / size.segmentsPerLog()) {
                break;
            }
            WalSegmentName name = WalSegmentName.ofNumber(place.timeline(), place.number(), size);
            boolean outlined = i > 0 && log.outlines().containsKey(name);
            if (!outlined && place.number() >= 0 && present.contains(place.number()) && !facts.containsKey(place)) {
                wanted.put(place, name);
            }
        }
        while (facts.size() + wanted.size() > MAX_CACHED && !facts.isEmpty()) {
            Iterator<Place> oldest = facts.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        Map<Place, Future<SegmentFacts>> answers = new LinkedHashMap<>();
        wanted.forEach((place, name) -> answers.put(place, threads.submit(() -> read(name, log))));
        answers.forEach((place, answer) -> facts.put(place, join(answer)));
    }

    private SegmentFacts read(WalSegmentName name, LogFacts log) {
        return log.only(name)
                .or(() -> archive.find(new WalFileName.Segment(name)))
                .flatMap(archive::readIndex)
                .map(SegmentFacts::of)
                .orElse(SegmentFacts.UNKNOWN);
    }

    private static <T> T join(Future<T> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while reading the WAL index");
        }
    }

    @Override
    public boolean wasRemoved(int timeline, long number) {
        return archive.trimming().read().explained(timeline).contains(number);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
