package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.retention.TimelineEnd;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.postgres.WalSegmentSize;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds the ends of an incarnation's timeline tree, and when each was last written to. */
final class LineEnds {
    private final WalArchive wal;

    LineEnds(WalArchive wal) {
        this.wal = wal;
    }

    List<TimelineEnd> read() {
        TimelineTree tree = wal.timelineTree();
        List<TimelineEnd> ends = new ArrayList<>();
        for (int timeline : tree.timelines()) {
            Optional<TimelineHistory> history = tree.history(timeline);
            Optional<Lsn> lastBranch = tree.branches(timeline).stream()
                    .map(TimelineHistory::startLsn)
                    .max(Comparator.naturalOrder());
            if (history.isPresent() && (lastBranch.isEmpty() || goesOnBehind(timeline, lastBranch.get()))) {
                ends.add(new TimelineEnd(wal.incarnation().number(), history.get(), wal.newestArchivedTime(timeline)));
            }
        }
        return ends;
    }

    /** Whether a segment behind the one with the branch is there: the server of the old timeline went on. */
    private boolean goesOnBehind(int timeline, Lsn branch) {
        WalSegmentSize size = wal.incarnation().segmentSize();
        return wal.newestSegment(timeline)
                .filter(newest -> newest.number(size) > branch.segmentNumber(size))
                .isPresent();
    }
}
