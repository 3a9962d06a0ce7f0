package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.repository.layout.Label;
import java.util.Optional;

/**
 * Something in a repository that is not as it must be.
 *
 * @param key the object
 * @param backup the backup that it concerns, if it is one's
 */
public record Finding(Kind kind, String key, Optional<Label> backup, String message) {
    /** What is wrong. */
    public enum Kind {
        /** A name that this version does not know; harmless. */
        UNKNOWN_NAME(false),
        /** An object that cannot be read or fails its checks. */
        DAMAGED(true),
        /** A backup refers to an object that is not there, or has another length. */
        MISSING(true),
        /** A backup lacks WAL that it needs to become consistent. */
        WAL_GAP(true);

        private final boolean serious;

        Kind(boolean serious) {
            this.serious = serious;
        }

        /** Whether something that was promised does not hold. */
        public boolean serious() {
            return serious;
        }
    }
}
