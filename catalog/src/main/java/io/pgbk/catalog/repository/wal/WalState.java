package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalSegmentSize;
import java.util.NavigableMap;
import java.util.OptionalLong;

/**
 * What is in an archive and what must be. Continuous means: every timeline that another branched off from reaches to the
 * segment before the last switch point, every other from its start to its last archived segment, without holes, except
 * what was removed or left out on purpose. The segment with a switch point is the child's: it begins with a copy of the
 * parent's records.
 *
 * @param tree all timelines
 * @param present by timeline (unsigned): segments of which there is a file
 * @param trimmed what may be missing
 */
public record WalState(
        TimelineTree tree, NavigableMap<Integer, SegmentSpans> present, TrimmedWal trimmed, WalSegmentSize size) {
    /** What is there of a timeline. */
    public SegmentSpans present(int timeline) {
        return present.getOrDefault(timeline, SegmentSpans.NONE);
    }

    /** What is missing of a timeline and was neither removed nor left out. */
    public SegmentSpans gaps(int timeline) {
        return required(timeline).minus(present(timeline)).minus(trimmed.explained(timeline));
    }

    /** The stretch of a timeline in which what is missing is missing for a reason or a gap. */
    public SegmentSpans required(int timeline) {
        SegmentSpans present = present(timeline);
        // Behind the last branch the old line is dead: holes there hurt nobody.
        OptionalLong end = requiredEnd(timeline);
        if (end.isEmpty() && !present.isEmpty()) {
            end = OptionalLong.of(present.spans().getLast().last());
        }
        OptionalLong start = tree.history(timeline).map(this::requiredStart).orElseGet(OptionalLong::empty);
        return start.isPresent() && end.isPresent()
                ? SegmentSpans.between(start.getAsLong(), end.getAsLong())
                : SegmentSpans.NONE;
    }

    /** The last segment that a timeline with branches must have. */
    private OptionalLong requiredEnd(int timeline) {
        return tree.branches(timeline).stream()
                .map(TimelineHistory::startLsn)
                .filter(lsn -> lsn.segmentNumber(size) > 0)
                .mapToLong(lsn -> lsn.segmentNumber(size) - 1)
                .max();
    }

    /**
     * The first segment that must be there, or is missing on purpose. Where removal began at the timeline's beginning,
     * everything else must be there. Else it is the segment with the switch point when the parent's WAL leads up to it;
     * and otherwise the first that is there, since archiving may have begun with it.
     */
    private OptionalLong requiredStart(TimelineHistory history) {
        SegmentSpans present = present(history.timeline());
        if (trimmed.explained(history.timeline()).contains(0)) {
            return OptionalLong.of(0);
        }
        if (present.isEmpty()) {
            return OptionalLong.empty();
        }
        long first = present.spans().getFirst().first();
        if (history.parent().isEmpty()) {
            return OptionalLong.of(first);
        }
        int parent = history.parent().getAsInt();
        long start = history.startLsn().segmentNumber(size);
        SegmentSpans before = present(parent).plus(trimmed.explained(parent));
        boolean parentLeadsHere = !before.isEmpty() && before.spans().getFirst().first() < start;
        return OptionalLong.of(parentLeadsHere ? Math.min(start, first) : first);
    }
}
