package io.pgbk.catalog.format.manifest;

import io.pgbk.postgres.Lsn;

/**
 * What stands behind the page checksums of a backed-up cluster.
 *
 * @param present whether the cluster has them
 * @param verifiedBefore each page of the backup with an older LSN was verified as it was read, by this backup or by the
 *     one that it was taken over from, and those that were wrong are all named in the manifest, free space maps excepted;
 *     {@link Lsn#INVALID} when nothing is known; not behind the backup's start
 */
public record PageChecksums(boolean present, Lsn verifiedBefore) {
    /** The cluster has none. */
    public static final PageChecksums OFF = new PageChecksums(false, Lsn.INVALID);

    /** The cluster has them, and nobody looked. */
    public static final PageChecksums ON = new PageChecksums(true, Lsn.INVALID);

    public PageChecksums {
        if (!present && verifiedBefore.isValid()) {
            throw new IllegalArgumentException("checksums that are not there cannot have been verified");
        }
    }

    /** The cluster has them, and they were verified in all pages that are older. */
    public static PageChecksums verifiedBefore(Lsn lsn) {
        return new PageChecksums(true, lsn);
    }
}
