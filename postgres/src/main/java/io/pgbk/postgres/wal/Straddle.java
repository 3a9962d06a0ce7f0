package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import java.util.Optional;

/**
 * One side of a record that crosses a segment's border.
 *
 * @param present whether there is one
 * @param uninteresting whether this side alone proves that the record says nothing that pgbk indexes
 * @param edge where the record starts, on the side where it does; else where it ends, invalid when it goes on further
 * @param bytes the record's bytes on this side; empty when they are too many, or of no interest
 */
record Straddle(boolean present, boolean uninteresting, Lsn edge, Optional<byte[]> bytes) {
    /** So much of a record is kept before or behind a border. */
    static final int MAX_BYTES = 64 << 10;

    static final Straddle NONE = new Straddle(false, false, Lsn.INVALID, Optional.empty());
}
