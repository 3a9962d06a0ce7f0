package io.pgbk.catalog.store;

import java.time.Duration;

/**
 * Deadlines of an object store. For a request that carries content, the time that its bytes take at
 * {@value #SLOWEST_BYTES_PER_SECOND} bytes per second is added to {@code request} and {@code total}.
 *
 * @param connect until a connection stands
 * @param request for one request from its first to its last byte, and the longest silence while a body is read
 * @param total for one operation with all its repetitions
 */
public record Timeouts(Duration connect, Duration request, Duration total) {
    /** A line slower than this cannot carry an archive. */
    public static final long SLOWEST_BYTES_PER_SECOND = 128 << 10;

    public static final Timeouts DEFAULT =
            new Timeouts(Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofSeconds(120));

    public Timeouts {
        if (!isPositive(connect) || !isPositive(request) || !isPositive(total)) {
            throw new IllegalArgumentException(
                    "time-outs must be longer than zero: " + connect + ", " + request + ", " + total);
        }
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }

    /** The least time that so many bytes may take. */
    static Duration transferTime(long bytes) {
        return Duration.ofMillis(bytes * 1000 / SLOWEST_BYTES_PER_SECOND);
    }
}
