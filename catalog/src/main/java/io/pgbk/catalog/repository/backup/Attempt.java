package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.lease.Leases;
import java.util.Optional;

/**
 * Which attempt at a backup this is. Only a copy has several: each goes on with the packs that those before it stored,
 * and has a manifest of its own, because one that slept past its lease may still commit.
 *
 * @param firstSign number of its first sign of life, from 1
 * @param generation of its manifest
 * @param resumable whether it is that of a copy: what was stored stays when there was no commit, for the next attempt
 */
record Attempt(int firstSign, int generation, boolean resumable) {
    /** A backup under a label that nobody else ever has. */
    static final Attempt ONLY = new Attempt(1, 1, false);

    /**
     * The next attempt at a copy. No other holder of the lease ever has its epoch, so nobody else writes a manifest of
     * this generation; that of a compaction comes from its epoch in the same way.
     *
     * @param folder what those before it left, listed under the lease
     */
    static Attempt ofCopy(BackupFolder folder, Optional<Leases.Lease> lease) {
        int generation = Math.max(lease.map(Leases.Lease::epoch).orElse(0), folder.lastManifest()) + 1;
        return new Attempt(Math.max(folder.lastAlive(), 0) + 1, generation, true);
    }
}
