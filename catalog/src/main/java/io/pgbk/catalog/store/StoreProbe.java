package io.pgbk.catalog.store;

/**
 * The result of {@link ObjectStore#probe(String)}.
 *
 * @param exclusiveCreate a second conditional creation of a key was refused, or is only a version that nobody reads
 * @param refusesWrongDigest a PUT with a wrong digest was refused
 * @param missingKeyIsNotFound these credentials get "no such key" for a missing key, not "access denied"
 * @param versioned the bucket keeps versions; the oldest version of a name is then the object
 */
public record StoreProbe(
        boolean exclusiveCreate, boolean refusesWrongDigest, boolean missingKeyIsNotFound, boolean versioned) {}
