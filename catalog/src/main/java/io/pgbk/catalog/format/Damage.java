package io.pgbk.catalog.format;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import org.jspecify.annotations.Nullable;

/** Makes the failures that readers of stored bytes report. */
public final class Damage {
    private static final String HINT = "Nothing of it was used. Run pgbk verify to learn which backups are affected,"
            + " and read the object from another repository if there is one.";

    private Damage() {}

    /** An OBJECT_DAMAGED failure: {@code object <path> is damaged: <what>}. */
    public static PgbkException of(String path, String what) {
        return of(path, what, null);
    }

    /** As {@link #of(String, String)} with a cause. */
    public static PgbkException of(String path, String what, @Nullable Throwable cause) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + path + " is damaged: " + what, HINT, cause);
    }

    /** A FORMAT_TOO_NEW failure. */
    public static PgbkException tooNew(String path, String what) {
        return new PgbkException(
                ErrorCode.FORMAT_TOO_NEW,
                "object " + path + " was written by a newer pgbk: " + what,
                "Use a pgbk that is at least as new as the one that wrote the repository.");
    }
}
