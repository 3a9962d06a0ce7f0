package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.restore.target.RecoveryTarget;
import java.util.Optional;

/**
 * On which timeline of a line replay ends. Replay that ends on an ancestor follows the ancestor: PostgreSQL calls the
 * timeline that it is told to follow the parent of the next one, also when it never came that far. Such a history says
 * that the line ended before it began, and PostgreSQL 17's WAL summariser waits for ever for the WAL in between.
 *
 * <p>The segment in which a timeline begins has the parent's records up to there. An ancestor is followed only if replay
 * surely ends on its part, and if it archived that segment itself, whole.
 */
final class ReplayEnd {
    /** In so many segments from a position on a record is looked for at which replay ends at the latest. */
    private static final long MOST_SEGMENTS = 16;

    private final WalView wal;
    private final RecoveryPlan plan;
    private final int stopTimeline;

    ReplayEnd(WalView wal, Attempt.Planned planned) {
        this.wal = wal;
        this.plan = planned.plan();
        this.stopTimeline = planned.stopTimeline();
    }

    /** The plan, told to follow the timeline on which it ends. */
    RecoveryPlan followed() {
        if (plan.walTo().isEmpty()) {
            return plan;
        }
        Lsn walTo = plan.walTo().get();
        int timeline = switch (plan.target()) {
            case RecoveryTarget.Immediate _, RecoveryTarget.Name _ ->
                ifArchived(writerOf(walTo.plus(-1)), walTo, stopTimeline);
            case RecoveryTarget.LsnTarget target -> positionEnd(target.lsn());
            case RecoveryTarget.Time time -> timeEnd(time, walTo);
            case RecoveryTarget.Xid _, RecoveryTarget.Latest _ -> stopTimeline;
        };
        return plan.with(timeline, plan.notes());
    }

    /**
     * The oldest timeline on which replay to a time surely ends in the last segment, in which others may begin. Times are
     * known by granules; those of a granule in which a timeline begins may be of either.
     */
    private int timeEnd(RecoveryTarget.Time time, Lsn walTo) {
        long segment = segmentOf(walTo.plus(-1));
        SegmentFacts facts = wal.facts(stopTimeline, segment);
        for (TimelineHistory.Range range : wal.timelines().path(plan.timeline())) {
            boolean stops = range.to()
                    .filter(end -> segmentOf(end) == segment)
                    .map(CommitTimes::granuleFloor)
                    .flatMap(facts::highestCommitTimeUpTo)
                    .filter(highest -> LinePlanner.stopsAt(highest, time))
                    .isPresent();
            if (stops) {
                return ifArchived(range.timeline(), walTo, stopTimeline);
            }
        }
        return stopTimeline;
    }

    /**
     * PostgreSQL stops at the first record that begins at a position or behind it. That is a child's where the position
     * lies in its parent's last record; so the first record counts that is known to begin there or later.
     */
    private int positionEnd(Lsn position) {
        long first = segmentOf(position);
        for (Route.Step step : Route.along(wal, plan.timeline(), plan.walFrom()).forward(first)) {
            if (step.number() >= first + MOST_SEGMENTS) {
                break;
            }
            Optional<Lsn> stop = wal.facts(step.timeline(), step.number())
                    .knownRecordLsns()
                    .filter(lsn -> !lsn.isBefore(position))
                    .min(Lsn::compareTo);
            if (stop.isPresent()) {
                Lsn end = new Lsn((step.number() + 1) * wal.segmentSize().bytes());
                return ifArchived(writerOf(stop.get()), end, plan.timeline());
            }
        }
        return plan.timeline();
    }

    /** An ancestor, if its own copy of the last segment is there. */
    private int ifArchived(int timeline, Lsn walTo, int otherwise) {
        return Route.along(wal, timeline, plan.walFrom()).reaches(walTo) ? timeline : otherwise;
    }

    private int writerOf(Lsn lsn) {
        return wal.timelines()
                .history(plan.timeline())
                .map(history -> history.timelineAt(lsn))
                .orElse(plan.timeline());
    }

    private long segmentOf(Lsn lsn) {
        return lsn.segmentNumber(wal.segmentSize());
    }
}
