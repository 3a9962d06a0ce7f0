package io.pgbk.catalog.store;

import java.time.Instant;
import java.util.Optional;

/**
 * An object that could not be removed, and the store's reason.
 *
 * @param lockedUntil when the store refuses because of a lock: until when, as far as it says so
 */
public record DeleteFailure(String key, String reason, Optional<Instant> lockedUntil) {
    public DeleteFailure(String key, String reason) {
        this(key, reason, Optional.empty());
    }
}
