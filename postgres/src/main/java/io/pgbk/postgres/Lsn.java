package io.pgbk.postgres;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A log sequence number: the address of a byte in a cluster's write-ahead log, an unsigned 64-bit number. Zero is
 * PostgreSQL's "invalid".
 */
public record Lsn(long value) implements Comparable<Lsn> {
    /** PostgreSQL's InvalidXLogRecPtr. */
    public static final Lsn INVALID = new Lsn(0);

    private static final Pattern TEXT = Pattern.compile("[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}");

    /** The LSN that a text like {@code 16/B374D848} names, or empty when it is none. */
    public static Optional<Lsn> tryParse(String text) {
        if (!TEXT.matcher(text).matches()) {
            return Optional.empty();
        }
        int slash = text.indexOf('/');
        long high = Long.parseLong(text.substring(0, slash), 16);
        long low = Long.parseLong(text.substring(slash + 1), 16);
        return Optional.of(new Lsn(high << 32 | low));
    }

    /**
     * The LSN that a text like {@code 16/B374D848} names.
     *
     * @throws IllegalArgumentException when the text is no LSN
     */
    public static Lsn parse(String text) {
        return tryParse(text).orElseThrow(() -> new IllegalArgumentException("not an LSN: '" + text + "'"));
    }

    /** Whether this is a real address, not PostgreSQL's "invalid". */
    public boolean isValid() {
        return value != 0;
    }

    /** The address so many bytes later. */
    public Lsn plus(long bytes) {
        return new Lsn(value + bytes);
    }

    /** How many bytes this is behind {@code earlier}; negative when it is before. */
    public long minus(Lsn earlier) {
        return value - earlier.value;
    }

    /** The number of the segment that holds this byte, counted from the start of the log. */
    public long segmentNumber(WalSegmentSize size) {
        return Long.divideUnsigned(value, size.bytes());
    }

    /** The offset of this byte in its segment. */
    public int segmentOffset(WalSegmentSize size) {
        return (int) (value & (size.bytes() - 1));
    }

    /** The first byte of the segment that holds this byte. */
    public Lsn segmentStart(WalSegmentSize size) {
        return new Lsn(value & -(long) size.bytes());
    }

    public boolean isBefore(Lsn other) {
        return compareTo(other) < 0;
    }

    public boolean isAfter(Lsn other) {
        return compareTo(other) > 0;
    }

    /** The later of both. */
    public static Lsn max(Lsn left, Lsn right) {
        return left.isBefore(right) ? right : left;
    }

    /** The earlier of both. */
    public static Lsn min(Lsn left, Lsn right) {
        return right.isBefore(left) ? right : left;
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compareUnsigned(value, other.value);
    }

    /** As PostgreSQL prints it: two hexadecimal halves without leading zeros. */
    @Override
    public String toString() {
        return Long.toHexString(value >>> 32).toUpperCase(Locale.ROOT)
                + "/"
                + Long.toHexString(value & 0xFFFF_FFFFL).toUpperCase(Locale.ROOT);
    }
}
