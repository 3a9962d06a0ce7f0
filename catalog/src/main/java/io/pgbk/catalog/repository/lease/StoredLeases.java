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
        if (!series.create(first, purpose, false)) {
            return Optional.empty();
        }
        // While this process slept, others may have taken and released this epoch and removed its objects.
        boolean newest =
                series.newest().map(position -> position.epoch() == epoch).orElse(false);
        if (!newest) {
            return Optional.empty();
        }
        series.removeBefore(first);
        return Optional.of(new RenewedLease(repository, series, epoch, purpose));
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
