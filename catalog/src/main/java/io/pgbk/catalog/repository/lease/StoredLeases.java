package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.util.Optional;

/** {@link Leases} as objects of a repository. */
public final class StoredLeases implements Leases {
    /** How often an observer looks. */
    static final Duration POLL = Duration.ofSeconds(2);

    /** A listing that does not show by then what was written is no listing. */
    private static final Duration LISTING_LAG = Duration.ofSeconds(10);

    private final Repository repository;
    private final ClusterName cluster;

    public StoredLeases(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    @Override
    public Lease acquire(String name, String purpose, Duration patience) {
        if (!repository.storeIsSafe()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    repository.displayName() + " cannot create objects exclusively, so that it has no leases",
                    "Use a store that supports conditional PUT when several hosts share a repository.");
        }
        LeaseSeries series = new LeaseSeries(repository, cluster, name);
        MonotonicTime time = repository.runtime().monotonic();
        long patientUntil = time.nanoTime() + patience.toNanos();
        while (true) {
            int freeEpoch = awaitFree(series, patientUntil);
            Optional<RenewedLease> lease = tryTake(series, freeEpoch, purpose);
            if (lease.isPresent()) {
                return lease.get();
            }
        }
    }

    /** Returns the epoch that may be created now. */
    private int awaitFree(LeaseSeries series, long patientUntil) {
        MonotonicTime time = repository.runtime().monotonic();
        Optional<LeaseSeries.Position> seen = series.newest();
        long seenSince = time.nanoTime();
        while (seen.isPresent()) {
            LeaseSeries.Position position = seen.get();
            Optional<LeaseSeries.State> state = series.read(position);
            if (state.isPresent() && state.get().released()) {
                return position.epoch() + 1;
            }
            Optional<LeaseSeries.Position> now = watch(series, position, seenSince);
            if (now.equals(seen)) {
                return position.epoch() + 1;
            }
            boolean living =
                    now.flatMap(series::read).map(found -> !found.released()).orElse(false);
            if (living && time.nanoTime() - patientUntil >= 0) {
                throw heldByAnother(series.name(), now.flatMap(series::read).or(() -> state));
            }
            seen = now;
            seenSince = time.nanoTime();
        }
        return 1;
    }

    /** Looks until something newer is there, or for the whole period; returns what is the newest then. */
    private Optional<LeaseSeries.Position> watch(LeaseSeries series, LeaseSeries.Position known, long since) {
        MonotonicTime time = repository.runtime().monotonic();
        while (true) {
            // The listing comes after the reading of the clock, so that a renewal just before the end still counts.
            boolean over = time.nanoTime() - since >= PERIOD.toNanos();
            Optional<LeaseSeries.Position> newest = series.newest();
            if (over || !newest.equals(Optional.of(known))) {
                return newest;
            }
            time.pause(POLL);
        }
    }

    private Optional<RenewedLease> tryTake(LeaseSeries series, int epoch, String purpose) {
        LeaseSeries.Position first = new LeaseSeries.Position(epoch, 0);
        boolean created = series.create(first, purpose, false);
        Optional<LeaseSeries.Position> newest = awaitListed(series, epoch);
        if (newest.isEmpty()) {
            if (created) {
                series.create(new LeaseSeries.Position(epoch, 1), purpose, true);
            }
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    "the listings of " + repository.displayName() + " do not show epoch " + epoch + " of the lease \""
                            + series.name() + "\", which was written more than " + LISTING_LAG.toSeconds()
                            + " s ago",
                    "pgbk needs a store whose listings show at once what was written; is there a cache in between?");
        }
        // While this process slept, others may have taken this epoch, renewed or released it, and removed its objects.
        if (!created || !newest.get().equals(first)) {
            return Optional.empty();
        }
        series.removeBefore(first);
        return Optional.of(new RenewedLease(repository, series, epoch, purpose));
    }

    /** The newest position when it is of this epoch or a later one; empty when a listing never shows it. */
    private Optional<LeaseSeries.Position> awaitListed(LeaseSeries series, int epoch) {
        MonotonicTime time = repository.runtime().monotonic();
        long start = time.nanoTime();
        while (true) {
            boolean over = time.nanoTime() - start >= LISTING_LAG.toNanos();
            Optional<LeaseSeries.Position> newest = series.newest().filter(position -> position.epoch() >= epoch);
            if (over || newest.isPresent()) {
                return newest;
            }
            time.pause(POLL);
        }
    }

    static PgbkException heldByAnother(String name, Optional<LeaseSeries.State> holder) {
        String who = holder.map(state -> state.owner() + " (" + state.purpose() + ")")
                .orElse("another process");
        return new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "the lease \"" + name + "\" is held by " + who,
                "Wait until it has finished; if that process is gone, try again in a minute.");
    }
}
