package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The holds of one cluster: statements by restores, drills, verifications and copies that they need labels or WAL until
 * some time. Whoever needs writes first and then reads the labels' events; whoever removes writes its event first and
 * then reads the holds. So at least one of both sees the other.
 */
public interface Holds {
    /**
     * Writes a hold and proves that nobody is removing what it names.
     *
     * @param validity how long it counts without {@link Hold#renew}; by the clocks of those who look
     * @throws io.pgbk.error.PgbkException NO_FITTING_BACKUP when a label is not there or being removed, WAL_GAP when
     *     WAL is; the hold is taken back then
     */
    Hold take(HoldRequest request, Duration validity);

    /** All holds that were not released, valid or run out. */
    List<HoldInfo> list();

    /** Removes the objects of holds that ran out. */
    void removeExpired(Instant now);

    /**
     * What is needed.
     *
     * @param purpose for people, for example {@code restore}
     * @param labels backups that must stay; may be empty
     */
    record HoldRequest(String purpose, Set<Label> labels, Optional<WalRange> wal) {
        public HoldRequest {
            labels = Set.copyOf(labels);
        }
    }

    /**
     * WAL that must stay: of one incarnation, on the way to one timeline.
     *
     * @param to empty: all that comes
     */
    record WalRange(int incarnation, int timeline, Lsn from, Optional<Lsn> to) {}

    /**
     * A hold as others see it.
     *
     * @param holdId 16 hexadecimal digits
     * @param until it counts up to here
     */
    record HoldInfo(String holdId, String owner, HoldRequest request, Instant until) {
        /** How far the clock of the holder may be behind the one that judges. */
        private static final Duration MAX_SKEW = Duration.ofMinutes(10);

        /** Whether the hold still counts, with allowance for clocks that differ. */
        public boolean countsAt(Instant now) {
            return now.isBefore(until.plus(MAX_SKEW));
        }
    }

    /** A hold of this process. Not renewed by itself. */
    interface Hold extends AutoCloseable {
        String holdId();

        Instant until();

        /**
         * Extends the hold from now by the validity that it was taken with.
         *
         * @throws io.pgbk.error.PgbkException NO_FITTING_BACKUP when it had run out and what it names is being removed
         */
        void renew();

        /** Releases the hold; what cannot be removed runs out by itself. */
        @Override
        void close();
    }
}
