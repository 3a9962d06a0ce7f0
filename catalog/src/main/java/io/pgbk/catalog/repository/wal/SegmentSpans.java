package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentSize;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** A set of segment numbers of one timeline, as runs: ascending, and no two of them touch. */
public record SegmentSpans(List<Span> spans) {
    /** Nothing. */
    public static final SegmentSpans NONE = new SegmentSpans(List.of());

    /** Every segment. */
    public static final SegmentSpans ALL = new SegmentSpans(List.of(new Span(0, Long.MAX_VALUE - 1)));

    /** Consecutive segments, both ends included. */
    public record Span(long first, long last) {
        public Span {
            if (first < 0 || last < first || last == Long.MAX_VALUE) {
                throw new IllegalArgumentException("impossible span " + first + " to " + last);
            }
        }
    }

    public SegmentSpans {
        spans = List.copyOf(spans);
    }

    /** The union of spans in any order. */
    public static SegmentSpans of(Collection<Span> any) {
        List<Span> merged = new ArrayList<>();
        any.stream().sorted(Comparator.comparingLong(Span::first)).forEach(next -> {
            Span last = merged.isEmpty() ? null : merged.getLast();
            if (last != null && next.first() <= last.last() + 1) {
                merged.set(merged.size() - 1, new Span(last.first(), Math.max(last.last(), next.last())));
            } else {
                merged.add(next);
            }
        });
        return new SegmentSpans(merged);
    }

    /** Both ends included; nothing when the last is before the first. */
    public static SegmentSpans between(long first, long last) {
        return last < first ? NONE : new SegmentSpans(List.of(new Span(first, last)));
    }

    /** The segments that hold bytes from one address up to, not including, another. */
    public static SegmentSpans holding(Lsn from, Lsn to, WalSegmentSize size) {
        return to.isAfter(from) ? between(from.segmentNumber(size), to.plus(-1).segmentNumber(size)) : NONE;
    }

    public boolean isEmpty() {
        return spans.isEmpty();
    }

    public boolean contains(long number) {
        int low = 0;
        int high = spans.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Span span = spans.get(middle);
            if (number < span.first()) {
                high = middle - 1;
            } else if (number > span.last()) {
                low = middle + 1;
            } else {
                return true;
            }
        }
        return false;
    }

    public SegmentSpans plus(SegmentSpans others) {
        List<Span> all = new ArrayList<>(spans);
        all.addAll(others.spans);
        return of(all);
    }

    public SegmentSpans minus(SegmentSpans others) {
        List<Span> left = new ArrayList<>();
        int at = 0;
        for (Span span : spans) {
            long first = span.first();
            while (at < others.spans.size() && others.spans.get(at).last() < first) {
                at++;
            }
            for (int i = at; i < others.spans.size() && others.spans.get(i).first() <= span.last(); i++) {
                Span other = others.spans.get(i);
                if (other.first() > first) {
                    left.add(new Span(first, other.first() - 1));
                }
                first = Math.max(first, other.last() + 1);
            }
            if (first <= span.last()) {
                left.add(new Span(first, span.last()));
            }
        }
        return new SegmentSpans(left);
    }

    public SegmentSpans and(SegmentSpans others) {
        return minus(ALL.minus(others));
    }

    public boolean intersects(SegmentSpans others) {
        return !and(others).isEmpty();
    }

    /** How many segments these are. */
    public long count() {
        return spans.stream().mapToLong(span -> span.last() - span.first() + 1).sum();
    }
}
