package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.repository.layout.Label;
import java.util.Optional;

/**
 * Something in a repository that is not as it must be.
 *
 * @param object the object's key below the prefix, or a WAL file's name where a file is missing
 * @param backup the backup that needs it; empty when no single one does
 */
public record Finding(Kind kind, String object, Optional<Label> backup, String message) {
    /** What is wrong. */
    public enum Kind {
        /** An object is not what was written. */
        DAMAGED("damaged"),
        /** An object that must be there is not. */
        MISSING("missing"),
        /** WAL is missing. */
        WAL_GAP("wal-gap"),
        /** An object that this version does not know, or that nobody needs; it is left alone and does no harm. */
        UNKNOWN("unknown");

        private final String id;

        Kind(String id) {
            this.id = id;
        }

        /** The word in JSON. */
        public String id() {
            return id;
        }
    }

    /** Whether something that was promised does not hold. */
    public boolean serious() {
        return kind != Kind.UNKNOWN;
    }
}
