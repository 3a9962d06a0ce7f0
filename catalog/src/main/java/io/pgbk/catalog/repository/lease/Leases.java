package io.pgbk.catalog.repository.lease;

import java.time.Duration;

/**
 * The leases of one cluster: each name has at most one holder at a time. A holder renews its lease every
 * {@link #RENEWAL}; another takes it only after it saw, on its own monotonic clock, no renewal for {@link #PERIOD}. No
 * clock is compared with another host's.
 */
public interface Leases {
    /** A lease that nobody saw renewed for so long may be taken over. */
    Duration PERIOD = Duration.ofSeconds(60);
    /** How often a holder renews. */
    Duration RENEWAL = Duration.ofSeconds(20);

    /**
     * Takes a lease. A free one is taken at once. A held one is watched: as soon as it is seen to live, the call fails,
     * unless patience remains; when no renewal was seen for {@link #PERIOD}, it is taken over. So a crashed holder costs
     * {@link #PERIOD} and a living one at most about {@link #RENEWAL} beyond the patience.
     *
     * @param name lower-case letters, digits and {@code -}
     * @param purpose for people who meet the lease, for example {@code backup 20261121T031500Z-7k2f-full}
     * @param patience how long to wait for a living holder to release it
     * @throws io.pgbk.error.PgbkException HELD_BY_ANOTHER, naming the holder; STORE_UNSAFE when the store cannot create
     *     exclusively
     */
    Lease acquire(String name, String purpose, Duration patience);

    /** A lease that this process holds and renews in the background until it is closed. */
    interface Lease extends AutoCloseable {
        /** Counts takeovers and new acquisitions of this name. */
        int epoch();

        /**
         * Asks the store whether this epoch is still the newest; called before every commit under the lease.
         *
         * @throws io.pgbk.error.PgbkException HELD_BY_ANOTHER when it is not
         */
        void proveHeld();

        /** Releases the lease; others may take it at once. */
        @Override
        void close();
    }
}
