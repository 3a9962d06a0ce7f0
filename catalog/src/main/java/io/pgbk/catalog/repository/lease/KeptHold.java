package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.repository.Heartbeat;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A hold on backups that is renewed for as long as the work that reads them takes. One that could not be renewed in time
 * runs out without a sign from the store: then the work gives itself up.
 */
public final class KeptHold implements AutoCloseable {
    private static final Duration VALIDITY = Duration.ofHours(1);
    private static final Duration RENEWAL = Duration.ofMinutes(10);
    private static final Duration RETRY = Duration.ofMinutes(1);

    /** Less than the validity: what is in flight at the end ends under the hold. */
    private static final Duration GIVE_UP = VALIDITY.minusMinutes(5);

    private final String purpose;
    private final MonotonicTime time;
    private final Holds.Hold hold;
    private final Heartbeat heartbeat;
    private boolean taken;
    private long renewedNanos;
    private @Nullable PgbkException lost;

    private KeptHold(String purpose, MonotonicTime time, Holds.Hold hold, long takenNanos) {
        this.purpose = purpose;
        this.time = time;
        this.hold = hold;
        this.renewedNanos = takenNanos;
        this.heartbeat = Heartbeat.start("hold-" + purpose, time, this::beat);
    }

    /**
     * Takes it.
     *
     * @param purpose for people who meet it
     * @param time by which it is renewed
     * @throws PgbkException NO_FITTING_BACKUP when one of them is not listed or is being removed
     */
    public static KeptHold take(Holds holds, String purpose, Set<Label> labels, MonotonicTime time) {
        long before = time.nanoTime();
        Holds.Hold hold = holds.take(new Holds.HoldRequest(purpose, labels, Optional.empty()), VALIDITY);
        return new KeptHold(purpose, time, hold, before);
    }

    private synchronized Optional<Duration> beat() {
        if (!taken) {
            taken = true;
            return Optional.of(RENEWAL);
        }
        long before = time.nanoTime();
        try {
            hold.renew();
            renewedNanos = before;
            return Optional.of(RENEWAL);
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.NO_FITTING_BACKUP) {
                // It had run out, and somebody began to remove what it names.
                lost = e;
                return Optional.empty();
            }
            return Optional.of(RETRY);
        }
    }

    /**
     * Called before whatever relies on the hold.
     *
     * @throws PgbkException NO_FITTING_BACKUP when it was lost, REPOSITORY_UNREACHABLE when it may have run out
     */
    public synchronized void checkAlive() {
        if (lost != null) {
            throw lost;
        }
        Duration silent = Duration.ofNanos(time.nanoTime() - renewedNanos);
        if (silent.compareTo(GIVE_UP) > 0) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "the hold for \"" + purpose + "\" could not be renewed for " + silent.toMinutes() + " minutes",
                    "Check the network and the store, then start again; what was stored is gone on with.");
        }
    }

    @Override
    public void close() {
        heartbeat.close();
        hold.close();
    }
}
