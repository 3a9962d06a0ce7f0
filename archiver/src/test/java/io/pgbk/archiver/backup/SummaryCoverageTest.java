package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.archiver.backup.SummaryCoverage.Coverage;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.server.WalSummary;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whether there are summaries of everything between two backups. */
final class SummaryCoverageTest {
    private static final TimelineHistory FIRST = TimelineHistory.root(1);
    /** Timeline 3, which left 1 at 500 by way of 2, of which nothing was written. */
    private static final TimelineHistory THIRD = new TimelineHistory(
            3, List.of(new TimelineHistory.Entry(1, new Lsn(500), ""), new TimelineHistory.Entry(2, new Lsn(500), "")));

    private static WalSummary summary(int timeline, long from, long to) {
        return new WalSummary(timeline, new Lsn(from), new Lsn(to));
    }

    private static Coverage coverage(TimelineHistory line, WalSummary... available) {
        return SummaryCoverage.of(List.of(available), line, new Lsn(100), new Lsn(900));
    }

    private static Coverage hole(int timeline, long at) {
        return new Coverage.Hole(timeline, new Lsn(at));
    }

    private static Coverage complete(WalSummary... wanted) {
        return new Coverage.Complete(List.of(wanted));
    }

    @Test
    void aRangeIsCoveredBySummariesInAnyOrderThatMayReachBeyondItAndOverlap() {
        assertThat(coverage(
                        FIRST,
                        summary(1, 900, 1000),
                        summary(1, 400, 950),
                        summary(1, 50, 300),
                        summary(1, 300, 420),
                        summary(1, 10, 100)))
                .isEqualTo(complete(summary(1, 50, 300), summary(1, 300, 420), summary(1, 400, 950)));
    }

    @Test
    void everyHoleIsFound() {
        assertThat(coverage(FIRST)).isEqualTo(hole(1, 100));
        assertThat(coverage(FIRST, summary(1, 101, 900))).isEqualTo(hole(1, 100));
        assertThat(coverage(FIRST, summary(1, 100, 899))).isEqualTo(hole(1, 899));
        assertThat(coverage(FIRST, summary(1, 100, 400), summary(1, 401, 900))).isEqualTo(hole(1, 400));
        assertThat(coverage(FIRST, summary(2, 100, 900))).isEqualTo(hole(1, 100));
    }

    @Test
    void eachPartOfTheHistoryIsCoveredByItsOwnTimeline() {
        assertThat(coverage(THIRD, summary(1, 100, 500), summary(3, 500, 900)))
                .isEqualTo(complete(summary(1, 100, 500), summary(3, 500, 900)));
        // Of what the abandoned branch did, more is read than needed.
        assertThat(coverage(THIRD, summary(1, 100, 700), summary(3, 500, 900)))
                .isEqualTo(complete(summary(1, 100, 700), summary(3, 500, 900)));
        assertThat(coverage(THIRD, summary(1, 100, 900))).isEqualTo(hole(3, 500));
        assertThat(coverage(THIRD, summary(1, 100, 450), summary(3, 500, 900))).isEqualTo(hole(1, 450));
        assertThat(coverage(THIRD, summary(3, 100, 900))).isEqualTo(hole(1, 100));
    }

    @Test
    void anEmptyRangeNeedsNothing() {
        assertThat(SummaryCoverage.of(List.of(), FIRST, new Lsn(100), new Lsn(100)))
                .isEqualTo(complete());
    }
}
