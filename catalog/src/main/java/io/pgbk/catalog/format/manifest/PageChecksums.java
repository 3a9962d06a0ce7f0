package io.pgbk.catalog.format.manifest;

/** What stands behind the page checksums of a backed-up cluster. */
public enum PageChecksums {
    /** The cluster has none. */
    OFF,
    /** The cluster has them. */
    ON,
    /**
     * Each page of the backup with an LSN before the backup's start was verified as it was read, by this backup or by the
     * one that it was taken over from; those that were wrong are all named in the manifest.
     */
    VERIFIED
}
