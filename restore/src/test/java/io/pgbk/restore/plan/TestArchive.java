package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalEvents;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A WAL archive made of sentences. Segments have 1 MiB; time is counted in minutes since {@link #START}; in a filled
 * segment n of timeline 1 one transaction ends in the middle, at minute 10 n + 5.
 */
final class TestArchive implements WalView {
    static final Instant START = Instant.parse("2026-11-21T00:00:00Z");
    static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);

    private final Map<Integer, TreeMap<Long, Facts>> segments = new TreeMap<>();
    private final List<TimelineHistory> histories = new ArrayList<>();
    private final Set<String> removed = new HashSet<>();

    static Instant minute(double minute) {
        return START.plus(Duration.ofMillis((long) (minute * 60_000)));
    }

    /** The address of a fraction of a segment, for example 3.5 for the middle of the third. */
    static Lsn lsn(double segment) {
        return new Lsn((long) (segment * SIZE.bytes()));
    }

    /** Archives segments; in each a transaction ends in the middle at {@code minuteOfFirst} + 10 per segment. */
    TestArchive fill(int timeline, long first, long last, double minuteOfFirst) {
        for (long n = first; n <= last; n++) {
            segment(timeline, n);
            double minute = minuteOfFirst + 10 * (n - first);
            commit(timeline, n + 0.5, minute, (int) (1000L * timeline + n));
        }
        return this;
    }

    /** Archives a segment in which nothing happens. */
    TestArchive segment(int timeline, long number) {
        segments.computeIfAbsent(timeline, t -> new TreeMap<>()).put(number, new Facts(number));
        return this;
    }

    TestArchive idle(int timeline, long first, long last) {
        for (long n = first; n <= last; n++) {
            segment(timeline, n);
        }
        return this;
    }

    TestArchive without(int timeline, long number) {
        line(timeline).remove(number);
        return this;
    }

    /** What expiry removed on purpose. */
    TestArchive removed(int timeline, long number) {
        removed.add(timeline + "/" + number);
        return without(timeline, number);
    }

    @Override
    public boolean wasRemoved(int timeline, long number) {
        return removed.contains(timeline + "/" + number);
    }

    TestArchive unread(int timeline, long number) {
        factsAt(timeline, (double) number).known = false;
        return this;
    }

    TestArchive commit(int timeline, double at, double minute, int xid) {
        Facts facts = factsAt(timeline, at);
        facts.commits.put(lsn(at), minute(minute));
        facts.xids.add((long) xid);
        return this;
    }

    TestArchive checkpoint(int timeline, double at, double minute) {
        factsAt(timeline, at)
                .checkpoints
                .add(new WalEvents.CheckpointSeen(lsn(at), lsn(at), false, timeline, minute(minute)));
        return this;
    }

    TestArchive restorePoint(int timeline, double at, String name) {
        factsAt(timeline, at).points.add(new WalEvents.RestorePoint(lsn(at), lsn(at).plus(100), name, START));
        return this;
    }

    TestArchive tablespace(int timeline, double at, String path) {
        factsAt(timeline, at).tablespaces.add(new WalEvents.TablespaceCreated(lsn(at), 0, 16400, path));
        return this;
    }

    /** The records of a segment end early. */
    TestArchive endsAt(int timeline, double at) {
        factsAt(timeline, at).end = lsn(at);
        return this;
    }

    /** A new timeline leaves its parent; the parent's own history must be there already. */
    TestArchive promote(int timeline, int parent, double at) {
        List<TimelineHistory.Entry> entries = new ArrayList<>(histories.stream()
                .filter(history -> history.timeline() == parent)
                .findFirst()
                .map(TimelineHistory::entries)
                .orElse(List.of()));
        entries.add(new TimelineHistory.Entry(parent, lsn(at), "no recovery target specified"));
        histories.add(new TimelineHistory(timeline, entries));
        return this;
    }

    private Facts factsAt(int timeline, double at) {
        return Objects.requireNonNull(line(timeline).get((long) at));
    }

    private Map<Long, Facts> line(int timeline) {
        return segments.computeIfAbsent(timeline, t -> new TreeMap<>());
    }

    @Override
    public WalSegmentSize segmentSize() {
        return SIZE;
    }

    @Override
    public TimelineTree timelines() {
        return TimelineTree.of(histories, segments.keySet());
    }

    @Override
    public SegmentRuns segments(int timeline) {
        return SegmentRuns.of(
                segments.getOrDefault(timeline, new TreeMap<>()).keySet().iterator());
    }

    @Override
    public SegmentFacts facts(int timeline, long number) {
        return factsAt(timeline, (double) number);
    }

    private static final class Facts implements SegmentFacts {
        private final long number;
        private boolean known = true;
        private Lsn end;
        private final TreeMap<Lsn, Instant> commits = new TreeMap<>();
        private final List<Long> xids = new ArrayList<>();
        private final List<WalEvents.RestorePoint> points = new ArrayList<>();
        private final List<WalEvents.CheckpointSeen> checkpoints = new ArrayList<>();
        private final List<WalEvents.TablespaceCreated> tablespaces = new ArrayList<>();

        Facts(long number) {
            this.number = number;
            this.end = lsn(number + 1.0);
        }

        @Override
        public boolean known() {
            return known;
        }

        @Override
        public Optional<Instant> highestCommitTime() {
            return known ? commits.values().stream().max(Instant::compareTo) : Optional.empty();
        }

        @Override
        public Optional<Instant> highestCommitTimeUpTo(Lsn lsn) {
            long granule = 64 << 10;
            Lsn up = new Lsn((lsn.value() + granule - 1) / granule * granule);
            return known ? commits.headMap(up).values().stream().max(Instant::compareTo) : Optional.empty();
        }

        @Override
        public boolean mayEndTransaction(long xid) {
            return !known || xids.contains(xid);
        }

        @Override
        public Optional<Lsn> firstRecordLsn() {
            return known ? Optional.of(lsn((double) number).plus(40)) : Optional.empty();
        }

        @Override
        public Optional<Lsn> lastRecordEndLsn() {
            return known ? Optional.of(end) : Optional.empty();
        }

        @Override
        public List<WalEvents.RestorePoint> restorePoints() {
            return known ? points : List.of();
        }

        @Override
        public List<WalEvents.CheckpointSeen> checkpoints() {
            return known ? checkpoints : List.of();
        }

        @Override
        public List<WalEvents.TablespaceCreated> createdTablespaces() {
            return known ? tablespaces : List.of();
        }
    }
}
