package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.repository.Heartbeat;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.util.Optional;

/** A lease that is renewed in the background until it is closed or lost. */
final class RenewedLease implements Leases.Lease {
    /** After a failed renewal the next attempt comes sooner, so that a short outage does not cost the lease. */
    private static final Duration RETRY = Duration.ofSeconds(5);

    private final LeaseSeries series;
    private final int epoch;
    private final String purpose;
    private final Heartbeat heartbeat;

    private int renewal = -1;
    private boolean released;

    /** The holder's first object, renewal 0, exists already. */
    RenewedLease(Repository repository, LeaseSeries series, int epoch, String purpose) {
        this.series = series;
        this.epoch = epoch;
        this.purpose = purpose;
        this.heartbeat =
                Heartbeat.start("lease-" + series.name(), repository.runtime().monotonic(), this::renew);
    }

    private synchronized Optional<Duration> renew() {
        try {
            if (renewal < 0) {
                renewal = 0;
            } else if (!isNewest()) {
                return Optional.empty();
            } else {
                series.create(new LeaseSeries.Position(epoch, ++renewal), purpose, false);
                series.removeBefore(new LeaseSeries.Position(epoch, renewal - 1));
            }
            return Optional.of(Leases.RENEWAL);
        } catch (PgbkException e) {
            // The work under the lease goes on; proveHeld decides before every commit.
            return Optional.of(RETRY);
        }
    }

    private boolean isNewest() {
        return series.newest().map(position -> position.epoch() == epoch).orElse(false);
    }

    @Override
    public int epoch() {
        return epoch;
    }

    @Override
    public void proveHeld() {
        Optional<LeaseSeries.Position> newest = series.newest();
        if (newest.isEmpty() || newest.get().epoch() != epoch) {
            throw StoredLeases.heldByAnother(series.name(), newest.flatMap(series::read));
        }
    }

    @Override
    public void close() {
        heartbeat.close();
        release();
    }

    private synchronized void release() {
        if (released) {
            return;
        }
        released = true;
        try {
            if (isNewest()) {
                series.create(new LeaseSeries.Position(epoch, Math.max(renewal, 0) + 1), purpose, true);
            }
        } catch (PgbkException e) {
            // Not released: others take it after the period.
            return;
        }
    }
}
