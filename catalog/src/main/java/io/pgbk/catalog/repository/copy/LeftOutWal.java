package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.SpansByTimeline;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalState;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalSegmentName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Tells in one archive of the other repository what a copy leaves out from what was lost there. What was no gap before a
 * copy must not become one by it, wherever it dies; and what was one stays one until it is filled. So before anything is
 * put, all that the copy could make a gap is said to be left out; at its end, what it brought no longer is. What remains
 * is what the first repository had removed, or left out itself.
 *
 * <p>Requests: two listings of each archive, one more when something is missing in the first; two documents when there
 * is anything to bring. Memory: two numbers for each run of segments.
 */
final class LeftOutWal {
    private final WalArchive source;
    private final WalArchive target;
    /** Of the one repository, as it was in the beginning. */
    private final WalState there;
    /** Whether all that {@link #there} says is brought. */
    private final boolean everything;

    private final Optional<PgbkException> unknown;
    /** What the copy did not bring because it was removed where it copies to. */
    private NavigableMap<Integer, SegmentSpans> passedOver = new TreeMap<>(Integer::compareUnsigned);

    private LeftOutWal(
            WalArchive source, WalArchive target, WalState there, boolean everything, Optional<PgbkException> unknown) {
        this.source = source;
        this.target = target;
        this.there = there;
        this.everything = everything;
        this.unknown = unknown;
    }

    /** For a copy of all WAL. */
    static LeftOutWal ofEverything(WalArchive source, WalArchive target) {
        try {
            return new LeftOutWal(source, target, source.state(), true, Optional.empty());
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.OBJECT_DAMAGED) {
                throw e;
            }
            // Nobody knows what was removed on purpose: what is missing is neither called lost nor forgotten.
            return new LeftOutWal(source, target, source.stateWithoutTrimming(), true, Optional.of(e));
        }
    }

    /** For a copy of just these segments. */
    static LeftOutWal of(WalArchive source, WalArchive target, NavigableMap<Integer, SegmentSpans> brought) {
        WalState there = new WalState(
                source.timelineTree(),
                brought,
                TrimmedWal.NOTHING,
                source.incarnation().segmentSize());
        return new LeftOutWal(source, target, there, false, Optional.empty());
    }

    /**
     * Whether a timeline was there in the beginning. One that came later is left to the next copy: its history alone would
     * say how far its parent must reach, and so make gaps of what is not brought.
     */
    boolean isBrought(int timeline) {
        return there.tree().timelines().contains(timeline);
    }

    /** The last segment that is brought of a timeline; what came behind it later is left to the next copy. */
    long last(int timeline) {
        SegmentSpans present = there.present(timeline);
        return present.isEmpty() ? -1 : present.spans().getLast().last();
    }

    /**
     * Says what the copy does not bring, because it is removed where it copies to. When another copy wants some of that
     * again and dies, it is that one's to say that it is missing.
     */
    void passOver(NavigableMap<Integer, SegmentSpans> removed) {
        passedOver = SpansByTimeline.plus(passedOver, removed);
    }

    /** Says what is left out for now. */
    void begin() {
        WalState before = target.state();
        WalState after = new WalState(
                union(before.tree(), there.tree()),
                SpansByTimeline.plus(before.present(), there.present()),
                new TrimmedWal(
                        0,
                        SpansByTimeline.plus(
                                before.trimmed().removed(), there.trimmed().removed()),
                        new TreeMap<>(),
                        SpansByTimeline.plus(
                                before.trimmed().leftOut(), there.trimmed().leftOut())),
                before.size());
        NavigableMap<Integer, SegmentSpans> open = new TreeMap<>(Integer::compareUnsigned);
        for (int timeline : after.tree().timelines()) {
            open.put(
                    timeline,
                    after.required(timeline).minus(before.required(timeline)).minus(before.present(timeline)));
        }
        target.trimming().leaveOut(now -> SpansByTimeline.plus(now.leftOut(), open));
    }

    /** Without what contradicts the first one: of a timeline whose histories differ nothing is brought. */
    private static TimelineTree union(TimelineTree first, TimelineTree other) {
        return with(first, other.timelines(), other).orElseGet(() -> {
            TimelineTree union = first;
            for (int timeline : other.timelines()) {
                union = with(union, List.of(timeline), other).orElse(union);
            }
            return union;
        });
    }

    /** The tree with some timelines of another; empty when the two contradict each other. */
    private static Optional<TimelineTree> with(TimelineTree tree, Collection<Integer> more, TimelineTree other) {
        Set<Integer> timelines = new HashSet<>(tree.timelines());
        timelines.addAll(more);
        List<TimelineHistory> histories = new ArrayList<>(histories(tree, tree.timelines()));
        histories.addAll(histories(other, more));
        try {
            return Optional.of(TimelineTree.of(histories, timelines));
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.TIMELINE_CONFLICT) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private static List<TimelineHistory> histories(TimelineTree tree, Collection<Integer> timelines) {
        return timelines.stream()
                .flatMap(timeline -> tree.history(timeline).stream())
                .filter(history -> history.parent().isPresent())
                .toList();
    }

    /**
     * Says what is still left out, now that all was brought.
     *
     * @return what is missing in the one repository and therefore in the other
     */
    List<PgbkException> end() {
        List<PgbkException> failures = new ArrayList<>();
        unknown.ifPresent(failures::add);
        NavigableMap<Integer, SegmentSpans> lost = lost();
        if (!lost.isEmpty()) {
            failures.add(failure(lost));
        }
        if (!target.trimming().read().leftOut().isEmpty()) {
            NavigableMap<Integer, SegmentSpans> done =
                    SpansByTimeline.plus(target.state().present(), SpansByTimeline.plus(lost, owed()));
            target.trimming().leaveOut(now -> SpansByTimeline.minus(now.leftOut(), done));
        }
        return failures;
    }

    /** What should have been brought: where it is missing it was damaged, say. What went meanwhile is not. */
    private NavigableMap<Integer, SegmentSpans> owed() {
        if (!everything || unknown.isPresent()) {
            return new TreeMap<>();
        }
        TrimmedWal since = source.trimming().read();
        NavigableMap<Integer, SegmentSpans> brought = SpansByTimeline.minus(there.present(), passedOver);
        return SpansByTimeline.minus(SpansByTimeline.minus(brought, since.removed()), since.leftOut());
    }

    /** Looked for twice: what is archived at this moment is no gap. */
    private NavigableMap<Integer, SegmentSpans> lost() {
        if (!everything || unknown.isPresent()) {
            return new TreeMap<>();
        }
        NavigableMap<Integer, SegmentSpans> lost = gaps(there);
        if (lost.isEmpty()) {
            return lost;
        }
        WalState here = target.state();
        return SpansByTimeline.minus(
                SpansByTimeline.minus(SpansByTimeline.and(lost, gaps(source.state())), here.present()),
                here.trimmed().removed());
    }

    private static NavigableMap<Integer, SegmentSpans> gaps(WalState state) {
        NavigableMap<Integer, SegmentSpans> gaps = new TreeMap<>(Integer::compareUnsigned);
        for (int timeline : state.tree().timelines()) {
            SegmentSpans missing = state.gaps(timeline);
            if (!missing.isEmpty()) {
                gaps.put(timeline, missing);
            }
        }
        return gaps;
    }

    private PgbkException failure(NavigableMap<Integer, SegmentSpans> lost) {
        SegmentSpans.Span first = lost.firstEntry().getValue().spans().getFirst();
        int gaps =
                lost.values().stream().mapToInt(spans -> spans.spans().size()).sum();
        return new PgbkException(
                ErrorCode.WAL_GAP,
                "WAL segments " + name(lost.firstKey(), first.first()) + " to " + name(lost.firstKey(), first.last())
                        + " are missing where it is copied from, and so in the copy"
                        + (gaps == 1 ? "" : "; so are " + (gaps - 1) + " more ranges"),
                "Everything else was copied. `pgbk verify` on both repositories lists what is missing; a server that"
                        + " still has these segments in pg_wal can archive them.");
    }

    private WalSegmentName name(int timeline, long number) {
        return WalSegmentName.ofNumber(timeline, number, source.incarnation().segmentSize());
    }
}
