package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What must be in an archive and is not. Continuous means: every timeline that another branched off from reaches to the
 * segment before the last switch point, every other from its start to its last archived segment, without holes. The
 * segment with a switch point is the child's: it begins with a copy of the parent's records.
 */
final class WalContinuity {
    /** No more gaps of one timeline are listed; one is enough to be damaged. */
    private static final int MAX_GAPS = 1000;

    private final WalFiles files;
    private final WalSegmentSize size;

    WalContinuity(WalFiles files) {
        this.files = files;
        this.size = files.incarnation().segmentSize();
    }

    List<WalTimeline> timelines(TimelineTree tree) {
        List<WalTimeline> timelines = new ArrayList<>();
        for (int timeline : tree.timelines()) {
            tree.history(timeline).ifPresent(history -> timelines.add(describe(tree, history)));
        }
        return timelines;
    }

    private WalTimeline describe(TimelineTree tree, TimelineHistory history) {
        int timeline = history.timeline();
        OptionalLong end = requiredEnd(tree, timeline);
        Iterator<WalSegmentName> segments = files.segments(timeline, Optional.empty());
        GapFinder gaps = new GapFinder(timeline, size, MAX_GAPS);
        Optional<WalSegmentName> first = Optional.empty();
        Optional<WalSegmentName> last = Optional.empty();
        OptionalLong start = OptionalLong.empty();
        while (segments.hasNext()) {
            WalSegmentName name = segments.next();
            if (first.isEmpty()) {
                first = Optional.of(name);
                start = OptionalLong.of(requiredStart(history, name));
                gaps.expectFrom(start.getAsLong());
            }
            last = Optional.of(name);
            long number = name.number(size);
            // Behind the last branch the old line is dead: holes there hurt nobody.
            if (end.isEmpty() || Long.compareUnsigned(number, end.getAsLong()) <= 0) {
                gaps.present(number);
            }
        }
        if (first.isPresent() && end.isPresent()) {
            gaps.expectUpTo(end.getAsLong());
        }
        return new WalTimeline(
                timeline,
                history.parent().isPresent() ? history.parent() : OptionalInt.empty(),
                history.startLsn(),
                first,
                last,
                gaps.gaps());
    }

    /** The last segment that a timeline with branches must have. */
    private OptionalLong requiredEnd(TimelineTree tree, int timeline) {
        return tree.branches(timeline).stream()
                .map(TimelineHistory::startLsn)
                .filter(lsn -> lsn.segmentNumber(size) > 0)
                .mapToLong(lsn -> lsn.segmentNumber(size) - 1)
                .max();
    }

    /**
     * The first segment that must be there: the one with the switch point where the parent's WAL leads up to it; else
     * the first that is there, since what is older was removed.
     */
    private long requiredStart(TimelineHistory history, WalSegmentName first) {
        long firstNumber = first.number(size);
        if (history.parent().isEmpty()) {
            return firstNumber;
        }
        long start = history.startLsn().segmentNumber(size);
        Iterator<WalSegmentName> before = files.segments(history.parent().getAsInt(), Optional.empty());
        boolean parentLeadsHere = before.hasNext() && before.next().number(size) < start;
        return parentLeadsHere ? Math.min(start, firstNumber) : firstNumber;
    }

    List<WalSegmentName> missing(TimelineHistory line, Lsn from, Lsn to, int limit) {
        List<WalSegmentName> missing = new ArrayList<>();
        for (Piece piece : pieces(line, from, Optional.of(to))) {
            Iterator<WalSegmentName> segments =
                    files.segments(piece.timeline(), Optional.of(nameOf(piece, piece.first())));
            long next = piece.first();
            while (next <= piece.last() && missing.size() < limit) {
                long there = segments.hasNext() ? segments.next().number(size) : Long.MAX_VALUE;
                for (; next < there && next <= piece.last() && missing.size() < limit; next++) {
                    missing.add(nameOf(piece, next));
                }
                next = Math.max(next, there == Long.MAX_VALUE ? next : there + 1);
            }
        }
        return missing;
    }

    Optional<WalSegmentName> lastReachable(TimelineHistory line, Lsn from) {
        Optional<WalSegmentName> reached = Optional.empty();
        for (Piece piece : pieces(line, from, Optional.empty())) {
            long expected = piece.first();
            Iterator<WalSegmentName> segments =
                    files.segments(piece.timeline(), Optional.of(nameOf(piece, piece.first())));
            while (expected <= piece.last() && segments.hasNext()) {
                WalSegmentName name = segments.next();
                if (name.number(size) != expected) {
                    break;
                }
                reached = Optional.of(name);
                expected++;
            }
            if (expected <= piece.last()) {
                return reached;
            }
        }
        return reached;
    }

    /** Segments of one timeline that replay reads, by number, both ends included. */
    private record Piece(int timeline, long first, long last) {}

    private List<Piece> pieces(TimelineHistory line, Lsn from, Optional<Lsn> to) {
        List<Piece> pieces = new ArrayList<>();
        for (TimelineHistory.Range range : line.ranges()) {
            Lsn begin = Lsn.max(range.from(), from);
            Optional<Lsn> end = range.to();
            if (to.isPresent() && (end.isEmpty() || to.get().isBefore(end.get()))) {
                end = to;
            }
            if (end.isPresent() && !begin.isBefore(end.get())) {
                continue;
            }
            // The segment in which the line goes over to a child is read from the child.
            boolean leavesHere = range.to().isPresent() && range.to().equals(end);
            long last = end.map(lsn -> leavesHere
                            ? lsn.segmentNumber(size) - 1
                            : lsn.plus(-1).segmentNumber(size))
                    .orElse(Long.MAX_VALUE - 1);
            long first = begin.segmentNumber(size);
            if (first <= last) {
                pieces.add(new Piece(range.timeline(), first, last));
            }
        }
        return pieces;
    }

    private WalSegmentName nameOf(Piece piece, long number) {
        return WalSegmentName.ofNumber(piece.timeline(), number, size);
    }

    /** The newest segment of a timeline that is archived, found from the newest log's folder. */
    List<WalSegmentName> newest(int timeline, int count) {
        List<WalSegmentName> newest = new ArrayList<>();
        String prefix = files.timelinePrefix(timeline);
        for (String folder : files.repository().store().listChildren(prefix).reversed()) {
            List<WalSegmentName> inLog = new ArrayList<>();
            Iterator<ObjectInfo> objects = files.repository().store().list(prefix + folder, "");
            while (objects.hasNext()) {
                files.toObject(objects.next())
                        .filter(object -> object.variant().isEmpty())
                        .map(WalObject::name)
                        .filter(WalFileName.Segment.class::isInstance)
                        .map(name -> ((WalFileName.Segment) name).name())
                        .ifPresent(inLog::add);
            }
            for (WalSegmentName name : inLog.reversed()) {
                newest.add(name);
                if (newest.size() == count) {
                    return newest;
                }
            }
        }
        return newest;
    }
}
