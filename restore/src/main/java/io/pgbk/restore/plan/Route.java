package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The archived WAL that replay reads, in its order, from one segment on along one line of history: without a hole up to
 * {@link #end()}, and the hole behind it when there is one.
 *
 * <p>The segment in which a timeline begins is read from that timeline, whose copy starts with the parent's records: so
 * PostgreSQL does it.
 *
 * @param timeline the line that is followed
 * @param stretches what is there, at least nothing
 * @param gap the segments that are missing although later ones of the line exist
 */
public record Route(int timeline, WalSegmentSize segmentSize, List<Stretch> stretches, Optional<Gap> gap) {
    /** Consecutive archived segments of one timeline, both ends included. */
    public record Stretch(int timeline, long first, long last) {}

    /** Missing segments in a row, both ends included. */
    public record Gap(WalSegmentName from, WalSegmentName to) {
        /** For messages. */
        public String describe() {
            return from.equals(to)
                    ? "WAL segment " + from + " is missing"
                    : "WAL segments " + from + " to " + to + " are missing";
        }
    }

    /** One segment of the route. */
    public record Step(int timeline, long number) {}

    public Route {
        stretches = List.copyOf(stretches);
    }

    /** Follows the line of {@code timeline} through the archive from the segment that holds {@code from}. */
    public static Route along(WalView wal, int timeline, Lsn from) {
        WalSegmentSize size = wal.segmentSize();
        List<TimelineHistory.Range> ranges = wal.timelines().path(timeline);
        List<Stretch> stretches = new ArrayList<>();
        long next = from.segmentNumber(size);
        for (int i = 0; i < ranges.size(); i++) {
            TimelineHistory.Range range = ranges.get(i);
            boolean last = i == ranges.size() - 1;
            if (!last && !lastSegmentOf(range, size).isPresent()) {
                continue;
            }
            // A timeline is read up to the segment before the one in which its child begins.
            long end = last ? Long.MAX_VALUE : lastSegmentOf(range, size).getAsLong();
            if (end < next) {
                continue;
            }
            SegmentRuns present = wal.segments(range.timeline());
            OptionalLong runEnd = present.endOfRun(next);
            if (runEnd.isPresent()) {
                long reached = Math.min(runEnd.getAsLong(), end);
                stretches.add(new Stretch(range.timeline(), next, reached));
                next = reached + 1;
            }
            if (next <= end) {
                Optional<Gap> gap = gapAt(wal, ranges, i, next, end);
                if (gap.isEmpty()) {
                    parentsCopy(wal, ranges, i, next).ifPresent(stretches::add);
                }
                return new Route(timeline, size, stretches, gap);
            }
        }
        return new Route(timeline, size, stretches, Optional.empty());
    }

    private static OptionalLong lastSegmentOf(TimelineHistory.Range range, WalSegmentSize size) {
        long switchSegment = range.to().orElseThrow().segmentNumber(size);
        return switchSegment == 0 ? OptionalLong.empty() : OptionalLong.of(switchSegment - 1);
    }

    /** The missing piece that begins at {@code next}, if anything of the line is archived behind it. */
    private static Optional<Gap> gapAt(
            WalView wal, List<TimelineHistory.Range> ranges, int index, long next, long end) {
        WalSegmentSize size = wal.segmentSize();
        int timeline = ranges.get(index).timeline();
        OptionalLong again = wal.segments(timeline).nextPresent(next);
        if (again.isPresent() && again.getAsLong() <= end) {
            return Optional.of(gap(timeline, next, again.getAsLong() - 1, size));
        }
        for (int later = index + 1; later < ranges.size(); later++) {
            if (!wal.segments(ranges.get(later).timeline()).isEmpty()) {
                return Optional.of(gap(timeline, next, end, size));
            }
        }
        return Optional.empty();
    }

    /**
     * When a timeline has nothing archived at its beginning, the parent's whole copy of that segment still holds the
     * records up to the switch point.
     */
    private static Optional<Stretch> parentsCopy(
            WalView wal, List<TimelineHistory.Range> ranges, int index, long next) {
        if (index == 0 || ranges.get(index).from().segmentNumber(wal.segmentSize()) != next) {
            return Optional.empty();
        }
        int parent = ranges.get(index - 1).timeline();
        return wal.segments(parent).contains(next) ? Optional.of(new Stretch(parent, next, next)) : Optional.empty();
    }

    private static Gap gap(int timeline, long first, long last, WalSegmentSize size) {
        return new Gap(WalSegmentName.ofNumber(timeline, first, size), WalSegmentName.ofNumber(timeline, last, size));
    }

    public boolean isEmpty() {
        return stretches.isEmpty();
    }

    /** The number of the last segment without a hole before it; empty when not even the first is there. */
    public OptionalLong lastNumber() {
        return stretches.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(stretches.getLast().last());
    }

    /** The address behind the last byte without a hole before it. */
    public Optional<Lsn> end() {
        return lastNumber().isEmpty()
                ? Optional.empty()
                : Optional.of(new Lsn((lastNumber().getAsLong() + 1) * segmentSize.bytes()));
    }

    /** Whether the byte before {@code lsn}, and all before it, is on the route. */
    public boolean reaches(Lsn lsn) {
        return end().filter(end -> !end.isBefore(lsn)).isPresent();
    }

    /** The name of a segment of this route. */
    public WalSegmentName name(Step step) {
        return WalSegmentName.ofNumber(step.timeline(), step.number(), segmentSize);
    }

    /** The timeline from which a segment of this route is read. */
    public Optional<Step> stepAt(long number) {
        return stretches.stream()
                .filter(stretch -> stretch.first() <= number && number <= stretch.last())
                .map(stretch -> new Step(stretch.timeline(), number))
                .findFirst();
    }

    /** All segments forward, from {@code from} on. */
    public Iterable<Step> forward(long from) {
        return () -> new RouteIterator(stretches, from);
    }

    /** All segments backward, from the last one. */
    public Iterable<Step> backward() {
        return () -> new BackwardRouteIterator(stretches);
    }
}
