package io.pgbk.cli.output;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;

/** Somebody's wish, by a signal, that the command should stop; set once, looked at by many threads. */
public final class StopRequest {
    private volatile boolean requested;

    /** Asks the command to stop and clean up. */
    public void request() {
        requested = true;
    }

    /** Whether the command should stop. */
    public boolean isRequested() {
        return requested;
    }

    /**
     * Fails when the command should stop.
     *
     * @throws PgbkException with code INTERRUPTED
     */
    public void check() {
        if (requested) {
            throw new PgbkException(ErrorCode.INTERRUPTED, "stopped by a signal");
        }
    }
}
