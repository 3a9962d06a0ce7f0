package io.pgbk.restore.plan;

import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalSegmentSize;

/**
 * The WAL archive of one incarnation as the planner sees it. Answers do not change while one plan is made; facts may be
 * fetched when they are asked for.
 */
public interface WalView {
    WalSegmentSize segmentSize();

    TimelineTree timelines();

    /** Which whole segments of a timeline are archived; none for an unknown timeline. */
    SegmentRuns segments(int timeline);

    /** Whether a segment that is not there was removed on purpose, because nothing that was kept needed it. */
    default boolean wasRemoved(int timeline, long number) {
        return false;
    }

    /**
     * The facts of an archived segment.
     *
     * @param number of the segment, counted from the start of the log
     */
    SegmentFacts facts(int timeline, long number);
}
