package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.WalSegmentName;

/**
 * A listed roll-up.
 *
 * @param key of its object
 * @param first the first segment that it was made for
 * @param last the last one, of the same log
 * @param storedBytes length of its object
 */
public record RollUpPlace(String key, WalSegmentName first, WalSegmentName last, long storedBytes) {
    public int timeline() {
        return first.timeline();
    }

    /** The middle eight digits of the names in it. */
    public int log() {
        return first.log();
    }
}
