package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.util.ArrayList;
import java.util.List;

/** Turns the ascending numbers of the segments that are there into the runs of those that are not. */
final class GapFinder {
    private final int timeline;
    private final WalSegmentSize size;
    private final int limit;
    private final List<WalGap> gaps = new ArrayList<>();
    private long next;

    GapFinder(int timeline, WalSegmentSize size, int limit) {
        this.timeline = timeline;
        this.size = size;
        this.limit = limit;
    }

    /** The first number that must be there. */
    void expectFrom(long number) {
        next = number;
    }

    void present(long number) {
        if (number > next) {
            add(next, number - 1);
        }
        next = Math.max(next, number + 1);
    }

    /** The last number that must be there. */
    void expectUpTo(long number) {
        if (number >= next) {
            add(next, number);
            next = number + 1;
        }
    }

    private void add(long from, long to) {
        if (gaps.size() < limit) {
            gaps.add(new WalGap(
                    WalSegmentName.ofNumber(timeline, from, size), WalSegmentName.ofNumber(timeline, to, size)));
        }
    }

    List<WalGap> gaps() {
        return List.copyOf(gaps);
    }
}
