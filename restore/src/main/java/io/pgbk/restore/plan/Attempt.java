package io.pgbk.restore.plan;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;

/** What came of planning along one line of history. */
sealed interface Attempt {
    /**
     * It works.
     *
     * @param stopTimeline the timeline whose WAL holds the place where replay ends
     */
    record Planned(RecoveryPlan plan, int stopTimeline) implements Attempt {}

    /**
     * It does not.
     *
     * @param elsewhere whether the target could lie on another line instead
     */
    record Refused(ErrorCode code, String message, String hint, boolean elsewhere) implements Attempt {
        PgbkException toException() {
            return new PgbkException(code, message, hint);
        }
    }
}
