package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.Heartbeat;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** A hold on backups that is renewed for as long as a copy takes. */
final class KeptHold implements AutoCloseable {
    private static final Duration VALIDITY = Duration.ofHours(1);
    private static final Duration RENEWAL = Duration.ofMinutes(10);

    private final Holds.Hold hold;
    private final Heartbeat heartbeat;

    private KeptHold(Holds.Hold hold, Heartbeat heartbeat) {
        this.hold = hold;
        this.heartbeat = heartbeat;
    }

    /**
     * Takes it.
     *
     * @throws PgbkException NO_FITTING_BACKUP when one of them is not listed or is being removed
     */
    static KeptHold take(ClusterCatalog cluster, Set<Label> labels) {
        Holds.Hold hold = cluster.holds().take(new Holds.HoldRequest("copy", labels, Optional.empty()), VALIDITY);
        AtomicBoolean taken = new AtomicBoolean();
        return new KeptHold(
                hold,
                Heartbeat.start("copy-hold", cluster.repository().runtime().monotonic(), () -> {
                    if (taken.getAndSet(true)) {
                        renew(hold);
                    }
                    return Optional.of(RENEWAL);
                }));
    }

    private static void renew(Holds.Hold hold) {
        try {
            hold.renew();
        } catch (PgbkException e) {
            // The hold counts for an hour: the next renewals try again.
            return;
        }
    }

    @Override
    public void close() {
        heartbeat.close();
        hold.close();
    }
}
