package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;

/**
 * The highest time of a transaction's end for each granule of a segment, by where the record starts. At most 16,384
 * numbers (1 GiB in granules of 64 KiB).
 */
final class CommitTimes {
    /** No transaction ended in the granule. */
    static final long NONE = Long.MIN_VALUE;

    private final Lsn start;
    private final long[] micros;

    /** Takes the array over. */
    CommitTimes(Lsn start, long[] micros) {
        this.start = start;
        this.micros = micros;
    }

    static CommitTimes none(Lsn start, int segmentBytes) {
        long[] micros = new long[segmentBytes / WalSegmentIndex.GRANULE_BYTES];
        Arrays.fill(micros, NONE);
        return new CommitTimes(start, micros);
    }

    void add(Lsn lsn, Instant time) {
        int granule = (int) (lsn.minus(start) / WalSegmentIndex.GRANULE_BYTES);
        micros[granule] = Math.max(micros[granule], Math.max(NONE + 1, PgTime.toMicros(time)));
    }

    /** Only while the object is being read or built. */
    void set(int granule, long value) {
        micros[granule] = value;
    }

    int granules() {
        return micros.length;
    }

    long micros(int granule) {
        return micros[granule];
    }

    /** The highest time in granules that begin before {@code lsn}. */
    Optional<Instant> highestUpTo(Lsn lsn) {
        long bytes = lsn.isAfter(start) ? lsn.minus(start) : 0;
        long granules = bytes < 0
                ? micros.length
                : Math.ceilDiv(
                        Math.min(bytes, (long) micros.length * WalSegmentIndex.GRANULE_BYTES),
                        WalSegmentIndex.GRANULE_BYTES);
        long highest = NONE;
        for (int i = 0; i < granules; i++) {
            highest = Math.max(highest, micros[i]);
        }
        return highest == NONE ? Optional.empty() : Optional.of(PgTime.ofMicros(highest));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CommitTimes times && times.start.equals(start) && Arrays.equals(times.micros, micros);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(micros);
    }
}
