package io.pgbk.catalog.repository;

import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.postgres.WalSegmentSize;
import java.time.Instant;

/**
 * One life of a cluster between initdb or pg_upgrade and the next pg_upgrade. Promotions and point-in-time recoveries
 * are timelines inside it.
 *
 * @param number from 1, in the order of creation
 * @param created by the clock of the host that created it
 */
public record Incarnation(ClusterName cluster, int number, ServerIdentity identity, Instant created) {
    public WalSegmentSize segmentSize() {
        return identity.segmentSize();
    }
}
