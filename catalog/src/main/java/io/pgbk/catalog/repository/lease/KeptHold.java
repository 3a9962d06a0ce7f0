package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.repository.Heartbeat;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** A hold on backups that is renewed for as long as the work that reads them takes. */
public final class KeptHold implements AutoCloseable {
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
     * @param purpose for people who meet it
     * @param time by which it is renewed
     * @throws PgbkException NO_FITTING_BACKUP when one of them is not listed or is being removed
     */
    public static KeptHold take(Holds holds, String purpose, Set<Label> labels, MonotonicTime time) {
        Holds.Hold hold = holds.take(new Holds.HoldRequest(purpose, labels, Optional.empty()), VALIDITY);
        AtomicBoolean taken = new AtomicBoolean();
        return new KeptHold(hold, Heartbeat.start("hold-" + purpose, time, () -> {
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
