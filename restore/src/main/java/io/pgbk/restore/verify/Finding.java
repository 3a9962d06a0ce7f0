package io.pgbk.restore.verify;

import java.util.Optional;

/**
 * Something that a verification found.
 *
 * @param object the object's key below the prefix, or a WAL file's name
 * @param backup the label of the backup that needs it; empty when no single one does
 */
public record Finding(Kind kind, String object, Optional<String> backup, String message) {
    /** What is wrong. */
    public enum Kind {
        /** An object is not what was written. */
        DAMAGED("damaged"),
        /** An object that must be there is not. */
        MISSING("missing"),
        /** WAL is missing. */
        WAL_GAP("wal-gap"),
        /** An object that this version does not know; it is left alone and does no harm. */
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
}
