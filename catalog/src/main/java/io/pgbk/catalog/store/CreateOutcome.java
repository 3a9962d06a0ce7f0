package io.pgbk.catalog.store;

/** What an exclusive creation led to. "Do not know" is not an outcome: the store compares until it does, or throws. */
public enum CreateOutcome {
    /** The object with exactly these bytes is durable under the key. */
    CREATED,
    /** The key holds other bytes; nothing was changed. */
    EXISTS
}
