package io.pgbk.postgres;

/**
 * The size of a cluster's WAL files, fixed by initdb: a power of two from 1 MiB to 1 GiB.
 *
 * @param bytes the size in bytes; another one than PostgreSQL allows is an IllegalArgumentException
 */
public record WalSegmentSize(int bytes) {
    /** 16 MiB, what initdb takes when nothing else is said. */
    public static final WalSegmentSize DEFAULT = new WalSegmentSize(16 << 20);

    private static final int MIN_BYTES = 1 << 20;
    private static final int MAX_BYTES = 1 << 30;

    public WalSegmentSize {
        if (!isAllowed(bytes)) {
            throw new IllegalArgumentException("not a WAL segment size: " + bytes + " bytes");
        }
    }

    /** Whether PostgreSQL allows segments of so many bytes. */
    public static boolean isAllowed(long bytes) {
        return bytes >= MIN_BYTES && bytes <= MAX_BYTES && Long.bitCount(bytes) == 1;
    }

    /** How many segments share the middle eight digits of their names (4 GiB of log). */
    public int segmentsPerLog() {
        return (int) ((1L << 32) / bytes);
    }

    @Override
    public String toString() {
        return (bytes >> 20) + " MiB";
    }
}
