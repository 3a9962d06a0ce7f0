package io.pgbk.postgres.wal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The transactions that end in a segment, as sorted ranges of unsigned 32-bit xids. When they are too scattered the
 * nearest ranges are merged: then the set also holds some that do not end here, never fewer than do.
 */
final class XidRanges {
    /** No set has more ranges. */
    static final int MAX_RANGES = 1024;

    static final XidRanges EMPTY = new XidRanges(List.of());

    private static final int BATCH = 4096;

    /** Both ends belong to it; unsigned numbers in longs. */
    record Range(long from, long to) {}

    private final List<Range> ranges;

    /** Takes sorted ranges that do not touch. */
    XidRanges(List<Range> ranges) {
        this.ranges = List.copyOf(ranges);
    }

    List<Range> ranges() {
        return ranges;
    }

    boolean mayContain(int xid) {
        long wanted = Integer.toUnsignedLong(xid);
        int low = 0;
        int high = ranges.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Range range = ranges.get(middle);
            if (wanted < range.from()) {
                high = middle - 1;
            } else if (wanted > range.to()) {
                low = middle + 1;
            } else {
                return true;
            }
        }
        return false;
    }

    /** Collects xids in any order; holds at most {@value #BATCH} single ones besides the ranges. */
    static final class Builder {
        private final long[] batch = new long[BATCH];
        private int fill;
        private List<Range> ranges = List.of();

        void add(int xid) {
            batch[fill++] = Integer.toUnsignedLong(xid);
            if (fill == BATCH) {
                flush();
            }
        }

        XidRanges build() {
            flush();
            return new XidRanges(ranges);
        }

        private void flush() {
            Arrays.sort(batch, 0, fill);
            List<Range> all = new ArrayList<>(ranges.size() + fill);
            all.addAll(ranges);
            for (int i = 0; i < fill; i++) {
                all.add(new Range(batch[i], batch[i]));
            }
            fill = 0;
            all.sort((left, right) -> Long.compare(left.from(), right.from()));
            ranges = merge(all, 1);
            if (ranges.size() > MAX_RANGES) {
                ranges = merge(ranges, gapThatLeavesHalf(ranges));
            }
        }

        /** Joins neighbours whose distance is not above the gap. */
        private static List<Range> merge(List<Range> sorted, long gap) {
            List<Range> merged = new ArrayList<>();
            for (Range range : sorted) {
                Range last = merged.isEmpty() ? null : merged.getLast();
                if (last != null && range.from() - last.to() <= gap) {
                    merged.set(merged.size() - 1, new Range(last.from(), Math.max(last.to(), range.to())));
                } else {
                    merged.add(range);
                }
            }
            return merged;
        }

        private static long gapThatLeavesHalf(List<Range> sorted) {
            long[] gaps = new long[sorted.size() - 1];
            for (int i = 0; i < gaps.length; i++) {
                gaps[i] = sorted.get(i + 1).from() - sorted.get(i).to();
            }
            Arrays.sort(gaps);
            return gaps[gaps.length - MAX_RANGES / 2];
        }
    }
}
