package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which WAL of one incarnation was removed on purpose, is about to be, or was never here on purpose.
 *
 * @param number of the document that says so, 0 for none
 * @param removed by timeline (unsigned): gone, or going, for ever
 * @param announced by timeline: nobody may begin to need it, and it is still there
 * @param leftOut by timeline: where it is missing, a copy has not brought it, and that is no loss; nothing is ever
 *     removed because of it
 */
public record TrimmedWal(
        int number,
        NavigableMap<Integer, SegmentSpans> removed,
        NavigableMap<Integer, SegmentSpans> announced,
        NavigableMap<Integer, SegmentSpans> leftOut) {
    /** Nothing was removed. */
    public static final TrimmedWal NOTHING = new TrimmedWal(0, new TreeMap<>(), new TreeMap<>(), new TreeMap<>());

    public TrimmedWal {
        removed = copyOf(removed);
        announced = copyOf(announced);
        leftOut = copyOf(leftOut);
    }

    private static NavigableMap<Integer, SegmentSpans> copyOf(Map<Integer, SegmentSpans> spans) {
        NavigableMap<Integer, SegmentSpans> copy = new TreeMap<>(Integer::compareUnsigned);
        spans.forEach((timeline, some) -> {
            if (!some.isEmpty()) {
                copy.put(timeline, some);
            }
        });
        return java.util.Collections.unmodifiableNavigableMap(copy);
    }

    /** What was removed of a timeline. */
    public SegmentSpans removed(int timeline) {
        return removed.getOrDefault(timeline, SegmentSpans.NONE);
    }

    /** What of a timeline may be missing without being lost. */
    public SegmentSpans explained(int timeline) {
        return removed(timeline).plus(leftOut.getOrDefault(timeline, SegmentSpans.NONE));
    }

    /** Whether a segment, where it is missing, is missing on purpose. */
    public boolean isExplained(WalSegmentName name, WalSegmentSize size) {
        return explained(name.timeline()).contains(name.number(size));
    }

    /** Whether a segment was removed on purpose. */
    public boolean isRemoved(WalSegmentName name, WalSegmentSize size) {
        return removed(name.timeline()).contains(name.number(size));
    }

    /** Whether the segment to whose name a file belongs was removed on purpose; a history never is. */
    public boolean isRemoved(WalObject object, WalSegmentSize size) {
        return WalContinuity.segmentOf(object)
                .filter(name -> name.isPossibleWith(size) && isRemoved(name, size))
                .isPresent();
    }

    /** The first segment of a way through the timelines that is gone or going. */
    Optional<WalSegmentName> firstOnWay(TimelineHistory line, Lsn from, Optional<Lsn> to, WalSegmentSize size) {
        return firstOf(way(line, from, to, size), size);
    }

    /**
     * The first segment that is gone or going and may lie on a way to a timeline of which nobody knows where it began. A
     * timeline branches off from one with a lower number, and along a line addresses only grow.
     */
    Optional<WalSegmentName> firstOnAnyWay(int timeline, Lsn from, Optional<Lsn> to, WalSegmentSize size) {
        SegmentSpans spans = to.map(end -> SegmentSpans.holding(from, end, size))
                .orElseGet(() -> SegmentSpans.between(from.segmentNumber(size), Long.MAX_VALUE - 1));
        NavigableMap<Integer, SegmentSpans> ways = new TreeMap<>(Integer::compareUnsigned);
        removed.headMap(timeline, true).keySet().forEach(id -> ways.put(id, spans));
        announced.headMap(timeline, true).keySet().forEach(id -> ways.put(id, spans));
        return firstOf(ways, size);
    }

    private Optional<WalSegmentName> firstOf(NavigableMap<Integer, SegmentSpans> way, WalSegmentSize size) {
        for (Map.Entry<Integer, SegmentSpans> needed : way.entrySet()) {
            SegmentSpans gone = removed(needed.getKey())
                    .plus(announced.getOrDefault(needed.getKey(), SegmentSpans.NONE))
                    .and(needed.getValue());
            if (!gone.isEmpty()) {
                return Optional.of(WalSegmentName.ofNumber(
                        needed.getKey(), gone.spans().getFirst().first(), size));
            }
        }
        return Optional.empty();
    }

    /**
     * The segments that hold the records of a way through the timelines, each on the timeline that wrote them.
     *
     * @param line the history of the timeline on which the way ends
     * @param to first byte not needed; empty for all that comes
     */
    public static NavigableMap<Integer, SegmentSpans> way(
            TimelineHistory line, Lsn from, Optional<Lsn> to, WalSegmentSize size) {
        NavigableMap<Integer, SegmentSpans> way = new TreeMap<>(Integer::compareUnsigned);
        for (TimelineHistory.Range range : line.ranges()) {
            Lsn begin = Lsn.max(range.from(), from);
            Optional<Lsn> end = range.to();
            if (to.isPresent() && (end.isEmpty() || to.get().isBefore(end.get()))) {
                end = to;
            }
            SegmentSpans spans = end.isPresent()
                    ? SegmentSpans.holding(begin, end.get(), size)
                    : SegmentSpans.between(begin.segmentNumber(size), Long.MAX_VALUE - 1);
            if (!spans.isEmpty()) {
                way.merge(range.timeline(), spans, SegmentSpans::plus);
            }
        }
        return way;
    }
}
