package io.pgbk.catalog.store;

import java.time.Instant;

/** What a store can do whose objects are locked. Safe for use by many threads. */
public interface ObjectLocking {
    /** What new objects get. */
    ObjectLock settings();

    /**
     * Locks an object until a time, or leaves it alone when it is locked for longer already.
     *
     * @throws ObjectMissingException when the store said that the key does not exist
     * @throws io.pgbk.error.PgbkException PERMISSION_DENIED when these credentials may not
     */
    void extend(String key, Instant until);

    /**
     * Tries with an object below the prefix whether locks hold. That object cannot be removed for a minute or two; a
     * later call removes it.
     */
    LockProbe probe(String prefix);
}
