package io.pgbk.restore.target;

import java.util.Locale;

/** What PostgreSQL does when recovery reached the target ({@code recovery_target_action}). */
public enum TargetAction {
    /** Waits, read-only, until somebody resumes replay. */
    PAUSE,
    /** Ends recovery and opens the server for writing on a new timeline. */
    PROMOTE,
    /** Stops the server. */
    SHUTDOWN;

    /** The word of the setting. */
    public String setting() {
        return name().toLowerCase(Locale.ROOT);
    }
}
