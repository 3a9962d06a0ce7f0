package io.pgbk.postgres;

import java.util.Locale;
import java.util.Optional;

/**
 * The name of a WAL segment: 24 hexadecimal digits, eight each for the timeline, the 4 GiB "log" and the segment within
 * it. All three are unsigned.
 *
 * <p>The order is PostgreSQL's: by timeline, then by address; it is the order of the texts too.
 */
public record WalSegmentName(int timeline, int log, int segment) implements Comparable<WalSegmentName> {
    /** The length of the text. */
    public static final int LENGTH = 24;

    /** The name that a text is, or empty when it is none; only capital digits, as PostgreSQL writes them. */
    public static Optional<WalSegmentName> tryParse(String text) {
        if (text.length() != LENGTH || !Hex.isUpper(text, 0, LENGTH)) {
            return Optional.empty();
        }
        int timeline = Integer.parseUnsignedInt(text, 0, 8, 16);
        if (timeline == 0) {
            return Optional.empty();
        }
        return Optional.of(new WalSegmentName(
                timeline, Integer.parseUnsignedInt(text, 8, 16, 16), Integer.parseUnsignedInt(text, 16, 24, 16)));
    }

    /**
     * The name that a text is.
     *
     * @throws IllegalArgumentException when it is no segment name
     */
    public static WalSegmentName parse(String text) {
        return tryParse(text).orElseThrow(() -> new IllegalArgumentException("not a WAL segment name: '" + text + "'"));
    }

    /** The segment of this timeline that holds the byte at {@code lsn}. */
    public static WalSegmentName of(int timeline, Lsn lsn, WalSegmentSize size) {
        return ofNumber(timeline, lsn.segmentNumber(size), size);
    }

    /** The segment of this timeline with this number, counted from the start of the log. */
    public static WalSegmentName ofNumber(int timeline, long number, WalSegmentSize size) {
        int perLog = size.segmentsPerLog();
        return new WalSegmentName(
                timeline, (int) Long.divideUnsigned(number, perLog), (int) Long.remainderUnsigned(number, perLog));
    }

    /** Whether a cluster with such segments can have a segment of this name. */
    public boolean isPossibleWith(WalSegmentSize size) {
        return Integer.compareUnsigned(segment, size.segmentsPerLog()) < 0;
    }

    /** The number of this segment, counted from the start of the log. */
    public long number(WalSegmentSize size) {
        return Integer.toUnsignedLong(log) * size.segmentsPerLog() + Integer.toUnsignedLong(segment);
    }

    /** The address of the segment's first byte. */
    public Lsn startLsn(WalSegmentSize size) {
        return new Lsn(number(size) * size.bytes());
    }

    /** The address behind the segment's last byte. */
    public Lsn endLsn(WalSegmentSize size) {
        return startLsn(size).plus(size.bytes());
    }

    /** The segment behind this one on the same timeline. */
    public WalSegmentName next(WalSegmentSize size) {
        return ofNumber(timeline, number(size) + 1, size);
    }

    /** The segment before this one on the same timeline; empty for the first. */
    public Optional<WalSegmentName> previous(WalSegmentSize size) {
        long number = number(size);
        return number == 0 ? Optional.empty() : Optional.of(ofNumber(timeline, number - 1, size));
    }

    /** The segment at the same address on another timeline. */
    public WalSegmentName onTimeline(int otherTimeline) {
        return new WalSegmentName(otherTimeline, log, segment);
    }

    @Override
    public int compareTo(WalSegmentName other) {
        int order = Integer.compareUnsigned(timeline, other.timeline);
        if (order == 0) {
            order = Integer.compareUnsigned(log, other.log);
        }
        return order == 0 ? Integer.compareUnsigned(segment, other.segment) : order;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%08X%08X%08X", timeline, log, segment);
    }
}
