package io.pgbk.postgres;

import java.time.Instant;

/** PostgreSQL's two notations of time. Any 64 bits are accepted: the bytes come from outside. */
public final class PgTime {
    /** 2000-01-01 00:00:00 UTC, PostgreSQL's epoch, in seconds of Unix time. */
    private static final long EPOCH_SECONDS = 946_684_800L;

    private static final long MICROS = 1_000_000L;

    private PgTime() {}

    /** The instant of a TimestampTz: microseconds since 2000-01-01 UTC. */
    public static Instant ofMicros(long micros) {
        return Instant.ofEpochSecond(
                EPOCH_SECONDS + Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000L);
    }

    /** The TimestampTz of an instant; fractions of a microsecond are cut off, what does not fit gives the nearest. */
    public static long toMicros(Instant instant) {
        long seconds = instant.getEpochSecond() - EPOCH_SECONDS;
        if (seconds >= Long.MAX_VALUE / MICROS) {
            return Long.MAX_VALUE;
        }
        if (seconds <= Long.MIN_VALUE / MICROS) {
            return Long.MIN_VALUE;
        }
        return seconds * MICROS + instant.getNano() / 1000L;
    }

    /** The instant of a pg_time_t (seconds of Unix time); numbers out of all reason give the nearest Instant. */
    public static Instant ofUnixSeconds(long seconds) {
        if (seconds >= Instant.MAX.getEpochSecond()) {
            return Instant.MAX;
        }
        return seconds <= Instant.MIN.getEpochSecond() ? Instant.MIN : Instant.ofEpochSecond(seconds);
    }
}
