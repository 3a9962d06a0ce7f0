package io.pgbk.catalog.repository.wal;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Sets of segments of several timelines (unsigned); one of which there is nothing does not appear. */
public final class SpansByTimeline {
    private SpansByTimeline() {}

    /** What is in either. */
    public static NavigableMap<Integer, SegmentSpans> plus(
            Map<Integer, SegmentSpans> left, Map<Integer, SegmentSpans> right) {
        NavigableMap<Integer, SegmentSpans> sum = new TreeMap<>(Integer::compareUnsigned);
        sum.putAll(left);
        right.forEach((timeline, spans) -> sum.merge(timeline, spans, SegmentSpans::plus));
        return sum;
    }

    /** What is in the first only. */
    public static NavigableMap<Integer, SegmentSpans> minus(
            Map<Integer, SegmentSpans> left, Map<Integer, SegmentSpans> right) {
        NavigableMap<Integer, SegmentSpans> rest = new TreeMap<>(Integer::compareUnsigned);
        left.forEach((timeline, spans) -> {
            SegmentSpans some = spans.minus(right.getOrDefault(timeline, SegmentSpans.NONE));
            if (!some.isEmpty()) {
                rest.put(timeline, some);
            }
        });
        return rest;
    }

    /** What is in both. */
    public static NavigableMap<Integer, SegmentSpans> and(
            Map<Integer, SegmentSpans> left, Map<Integer, SegmentSpans> right) {
        return minus(left, minus(left, right));
    }
}
