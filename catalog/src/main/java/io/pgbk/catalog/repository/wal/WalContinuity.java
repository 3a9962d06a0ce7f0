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
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.IntFunction;

/** Looks what is in an archive, and what is missing in it. */
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
        return timelines(tree, this::present);
    }

    /** As above, of a listing that was made already. */
    List<WalTimeline> timelines(TimelineTree tree, IntFunction<SegmentSpans> listed) {
        WalState state = state(tree, listed);
        return tree.timelines().stream()
                .flatMap(timeline -> tree.history(timeline).stream())
                .map(history -> describe(history, state))
                .toList();
    }

    WalState state(TimelineTree tree) {
        return state(tree, this::present);
    }

    private WalState state(TimelineTree tree, IntFunction<SegmentSpans> listed) {
        NavigableMap<Integer, SegmentSpans> present = present(tree, listed);
        // Read behind the listings: what was removed before them, it names.
        return new WalState(tree, present, new WalTrimming(files.repository(), files.incarnation()).read(), size);
    }

    NavigableMap<Integer, SegmentSpans> present(TimelineTree tree) {
        return present(tree, this::present);
    }

    private static NavigableMap<Integer, SegmentSpans> present(TimelineTree tree, IntFunction<SegmentSpans> listed) {
        NavigableMap<Integer, SegmentSpans> present = new TreeMap<>(Integer::compareUnsigned);
        tree.timelines().forEach(timeline -> present.put(timeline, listed.apply(timeline)));
        return present;
    }

    /** The segments that are there, as runs. */
    SegmentSpans present(int timeline) {
        List<SegmentSpans.Span> spans = new ArrayList<>();
        long first = -1;
        long last = -1;
        Iterator<WalSegmentName> segments = files.segments(timeline, Optional.empty());
        while (segments.hasNext()) {
            long number = segments.next().number(size);
            if (first >= 0 && number > last + 1) {
                spans.add(new SegmentSpans.Span(first, last));
                first = number;
            }
            first = first < 0 ? number : first;
            last = number;
        }
        if (first >= 0) {
            spans.add(new SegmentSpans.Span(first, last));
        }
        return new SegmentSpans(spans);
    }

    private WalTimeline describe(TimelineHistory history, WalState state) {
        int timeline = history.timeline();
        SegmentSpans present = state.present(timeline);
        SegmentSpans removed = state.trimmed().removed(timeline);
        SegmentSpans leftOut = state.trimmed().explained(timeline).minus(removed);
        return new WalTimeline(
                timeline,
                history.parent().isPresent() ? history.parent() : OptionalInt.empty(),
                history.startLsn(),
                present.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                nameOf(timeline, present.spans().getFirst().first())),
                present.isEmpty()
                        ? Optional.empty()
                        : Optional.of(nameOf(timeline, present.spans().getLast().last())),
                ranges(timeline, state.gaps(timeline)),
                ranges(timeline, holes(present).and(removed)),
                ranges(timeline, holes(present).and(leftOut)));
    }

    private static SegmentSpans holes(SegmentSpans present) {
        return present.isEmpty()
                ? SegmentSpans.NONE
                : SegmentSpans.between(
                                present.spans().getFirst().first(),
                                present.spans().getLast().last())
                        .minus(present);
    }

    private List<WalGap> ranges(int timeline, SegmentSpans spans) {
        return spans.spans().stream()
                .limit(MAX_GAPS)
                .map(span -> new WalGap(nameOf(timeline, span.first()), nameOf(timeline, span.last())))
                .toList();
    }

    private WalSegmentName nameOf(int timeline, long number) {
        return WalSegmentName.ofNumber(timeline, number, size);
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

    /** The highest number of a segment of which there is anything: itself, a partial one, a backup history file. */
    OptionalLong lastNumber(int timeline) {
        String prefix = files.timelinePrefix(timeline);
        for (String folder : files.repository().store().listChildren(prefix).reversed()) {
            OptionalLong last = OptionalLong.empty();
            Iterator<ObjectInfo> objects = files.repository().store().list(prefix + folder, "");
            while (objects.hasNext()) {
                Optional<WalSegmentName> name = files.toObject(objects.next()).flatMap(WalContinuity::segmentOf);
                if (name.filter(possible -> possible.isPossibleWith(size)).isPresent()) {
                    last = OptionalLong.of(Math.max(last.orElse(0), name.get().number(size)));
                }
            }
            if (last.isPresent()) {
                return last;
            }
        }
        return OptionalLong.empty();
    }

    /** The segment to whose name a file belongs; empty for a history. */
    static Optional<WalSegmentName> segmentOf(WalObject object) {
        return switch (object.name()) {
            case WalFileName.Segment(WalSegmentName name) -> Optional.of(name);
            case WalFileName.Partial(WalSegmentName name) -> Optional.of(name);
            case WalFileName.BackupHistory(WalSegmentName name, int _) -> Optional.of(name);
            case WalFileName.History _ -> Optional.empty();
        };
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
