package io.pgbk.catalog.store;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.function.Predicate;

/**
 * The object lock that new objects get: until its end the store refuses to remove them.
 *
 * @param mode how strictly the store refuses
 * @param days how long new objects are locked
 * @param clock this host's clock; a store refuses requests of a host whose clock is more than some minutes off
 * @param covers which keys are locked
 */
public record ObjectLock(Mode mode, int days, InstantSource clock, Predicate<String> covers) {
    /** As S3 names them. */
    public enum Mode {
        /** Credentials with a right of their own may remove and shorten. */
        GOVERNANCE,
        /** Nobody may, whatever his rights. */
        COMPLIANCE
    }

    public ObjectLock {
        if (days < 1) {
            throw new IllegalArgumentException("a lock holds for one day or more, not " + days);
        }
    }

    /** Until when an object that is written now is locked, in whole seconds. */
    public Instant retainUntil() {
        return clock.instant().plus(duration()).truncatedTo(ChronoUnit.SECONDS);
    }

    public Duration duration() {
        return Duration.ofDays(days);
    }
}
