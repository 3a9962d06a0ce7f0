package io.pgbk.restore.plan;

import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The WAL archive of a repository as the planner sees it: each timeline is listed once, and while facts are asked for in
 * a row the next ones are fetched ahead in parallel. Keeps the facts of at most {@value #MAX_CACHED} segments. Used by
 * one thread.
 */
public final class RepositoryWalView implements WalView, AutoCloseable {
    private static final int MAX_CACHED = 4096;
    private static final int MAX_AHEAD = 64;
    private static final int THREADS = 8;

    private record Place(int timeline, long number) {}

    private final WalArchive archive;
    private final TaskMonitor monitor;
    private final TimelineTree timelines;
    private final Map<Integer, SegmentRuns> segments = new HashMap<>();
    private final Map<Place, SegmentFacts> facts = new LinkedHashMap<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(
            THREADS, Thread.ofPlatform().daemon().name("wal-index-", 0).factory());
    private int ahead = 1;
    private Place last = new Place(0, -2);

    public RepositoryWalView(WalArchive archive, TaskMonitor monitor) {
        this.archive = archive;
        this.monitor = monitor;
        this.timelines = archive.timelineTree();
    }

    @Override
    public WalSegmentSize segmentSize() {
        return archive.incarnation().segmentSize();
    }

    @Override
    public TimelineTree timelines() {
        return timelines;
    }

    @Override
    public SegmentRuns segments(int timeline) {
        return segments.computeIfAbsent(timeline, this::list);
    }

    private SegmentRuns list(int timeline) {
        Iterator<WalSegmentName> names = archive.segments(timeline, Optional.empty());
        return SegmentRuns.of(new Iterator<>() {
            @Override
            public boolean hasNext() {
                return names.hasNext();
            }

            @Override
            public Long next() {
                return names.next().number(segmentSize());
            }
        });
    }

    @Override
    public SegmentFacts facts(int timeline, long number) {
        Place place = new Place(timeline, number);
        SegmentFacts known = facts.get(place);
        if (known == null) {
            long step = number - last.number();
            boolean inARow = last.timeline() == timeline && Math.abs(step) == 1;
            ahead = inARow ? Math.min(MAX_AHEAD, ahead * 2) : 1;
            fetch(place, inARow && step < 0 ? -1 : 1);
            known = facts.getOrDefault(place, SegmentFacts.UNKNOWN);
        }
        last = place;
        return known;
    }

    private void fetch(Place first, int direction) {
        monitor.checkCancelled();
        SegmentRuns present = segments(first.timeline());
        List<Place> wanted = new ArrayList<>();
        for (int i = 0; i < ahead; i++) {
            Place place = new Place(first.timeline(), first.number() + (long) i * direction);
            if (place.number() >= 0 && present.contains(place.number()) && !facts.containsKey(place)) {
                wanted.add(place);
            }
        }
        while (facts.size() + wanted.size() > MAX_CACHED && !facts.isEmpty()) {
            Iterator<Place> oldest = facts.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        Map<Place, Future<SegmentFacts>> answers = new LinkedHashMap<>();
        wanted.forEach(place -> answers.put(place, threads.submit(() -> read(place))));
        answers.forEach((place, answer) -> facts.put(place, join(answer)));
    }

    private SegmentFacts read(Place place) {
        WalSegmentName name = WalSegmentName.ofNumber(place.timeline(), place.number(), segmentSize());
        return archive.find(new WalFileName.Segment(name))
                .flatMap(archive::readIndex)
                .map(SegmentFacts::of)
                .orElse(SegmentFacts.UNKNOWN);
    }

    private static SegmentFacts join(Future<SegmentFacts> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new io.pgbk.error.PgbkException(
                    io.pgbk.error.ErrorCode.INTERRUPTED, "interrupted while reading the WAL index");
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
