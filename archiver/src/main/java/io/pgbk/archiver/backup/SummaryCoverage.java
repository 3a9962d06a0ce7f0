package io.pgbk.archiver.backup;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.server.WalSummary;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Whether WAL summaries cover a part of a server's history without holes. A pure function. */
final class SummaryCoverage {
    private SummaryCoverage() {}

    /** What there is. */
    sealed interface Coverage {
        /** All of it; summaries that begin before it or end behind it name more blocks than needed, which is harmless. */
        record Complete(List<WalSummary> summaries) implements Coverage {}

        /** The first address that no summary has. */
        record Hole(int timeline, Lsn at) implements Coverage {}
    }

    /**
     * Finds the summaries of a range.
     *
     * @param line the history of the timeline on which the range ends
     * @param from first byte of the range
     * @param to first byte behind it
     */
    static Coverage of(List<WalSummary> available, TimelineHistory line, Lsn from, Lsn to) {
        List<WalSummary> wanted = new ArrayList<>();
        for (TimelineHistory.Range range : line.ranges()) {
            Lsn at = Lsn.max(from, range.from());
            Lsn end = range.to().map(left -> Lsn.min(left, to)).orElse(to);
            Lsn begin = at;
            List<WalSummary> there = available.stream()
                    .filter(summary -> summary.timeline() == range.timeline())
                    .filter(summary ->
                            summary.from().isBefore(end) && summary.to().isAfter(begin))
                    .sorted(Comparator.comparing(WalSummary::from))
                    .toList();
            for (WalSummary summary : there) {
                if (summary.from().isAfter(at)) {
                    break;
                }
                at = Lsn.max(at, summary.to());
            }
            if (at.isBefore(end)) {
                return new Coverage.Hole(range.timeline(), at);
            }
            wanted.addAll(there);
        }
        return new Coverage.Complete(wanted);
    }
}
