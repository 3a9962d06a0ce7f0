package io.pgbk.catalog.store;

/** Whether a store keeps what was put over an object, or what was removed. */
public enum Versioning {
    /** Nothing is kept: what is removed is gone, and a name has one content. */
    NONE,
    /** Versions are kept, or were kept once. */
    KEPT,
    /**
     * These credentials may not ask, but may list versions: everything goes by listings of versions, which are right in
     * either case.
     */
    LISTED,
    /**
     * These credentials may neither ask nor list versions. What a delete marker hides is not seen, until an answer of the
     * store proves that it keeps versions.
     */
    UNKNOWN
}
