package io.pgbk.catalog.repository.wal;

import java.time.Instant;
import java.util.Optional;

/**
 * What time it has become by the server's own clock, as far as something tells.
 *
 * @param time the newest moment that is known; empty when none is
 * @param exact false when there is newer WAL that cannot be read, which may tell of a later one
 */
public record AttestedTime(Optional<Instant> time, boolean exact) {
    /** Nothing tells. */
    public static final AttestedTime UNKNOWN = new AttestedTime(Optional.empty(), true);

    /** The later of both, as far as they are known. */
    public AttestedTime or(AttestedTime other) {
        boolean otherIsLater = other.time.isPresent()
                && time.map(known -> known.isBefore(other.time.get())).orElse(true);
        return new AttestedTime(otherIsLater ? other.time : time, exact && other.exact);
    }
}
