package io.pgbk.catalog.store;

/**
 * What became of a locked object.
 *
 * @param accepted the store took an object with a lock, which needs a bucket with object lock
 * @param refusesRemoval the locked version could not be removed
 * @param extendable its lock could be made longer
 * @param evadable these credentials removed it by the right to pass over locks of mode governance
 * @param problem what the store said when it did not accept or not extend, else empty
 */
public record LockProbe(
        boolean accepted, boolean refusesRemoval, boolean extendable, boolean evadable, String problem) {}
