package io.pgbk.restore.plan;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;

/**
 * Which segments of one timeline are archived, as runs of consecutive segment numbers: memory follows the number of
 * holes, not of segments.
 */
public record SegmentRuns(List<Run> runs) {
    /** No segment. */
    public static final SegmentRuns NONE = new SegmentRuns(List.of());

    /** Consecutive segments, both ends included. */
    public record Run(long first, long last) {
        public Run {
            if (first < 0 || last < first) {
                throw new IllegalArgumentException("impossible run " + first + " to " + last);
            }
        }
    }

    public SegmentRuns {
        runs = List.copyOf(runs);
        for (int i = 1; i < runs.size(); i++) {
            if (runs.get(i).first() <= runs.get(i - 1).last() + 1) {
                throw new IllegalArgumentException("runs touch: " + runs.get(i - 1) + " and " + runs.get(i));
            }
        }
    }

    /** Joins ascending numbers to runs; equal neighbours count once. */
    public static SegmentRuns of(Iterator<Long> ascending) {
        List<Run> runs = new ArrayList<>();
        long first = -1;
        long last = -1;
        while (ascending.hasNext()) {
            long number = ascending.next();
            if (first < 0) {
                first = number;
            } else if (number < last) {
                throw new IllegalArgumentException("segment numbers are not ascending");
            } else if (number > last + 1) {
                runs.add(new Run(first, last));
                first = number;
            }
            last = number;
        }
        if (first >= 0) {
            runs.add(new Run(first, last));
        }
        return new SegmentRuns(runs);
    }

    /** Whether nothing is archived. */
    public boolean isEmpty() {
        return runs.isEmpty();
    }

    public boolean contains(long number) {
        return runs.stream().anyMatch(run -> run.first() <= number && number <= run.last());
    }

    /** The first archived number. */
    public OptionalLong first() {
        return runs.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(runs.getFirst().first());
    }

    /** The last archived number. */
    public OptionalLong last() {
        return runs.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(runs.getLast().last());
    }

    /** The first number at or behind {@code from} that is archived. */
    public OptionalLong nextPresent(long from) {
        for (Run run : runs) {
            if (run.last() >= from) {
                return OptionalLong.of(Math.max(run.first(), from));
            }
        }
        return OptionalLong.empty();
    }

    /** The last number of the run that holds {@code from}; empty when {@code from} itself is missing. */
    public OptionalLong endOfRun(long from) {
        for (Run run : runs) {
            if (run.first() <= from && from <= run.last()) {
                return OptionalLong.of(run.last());
            }
        }
        return OptionalLong.empty();
    }
}
