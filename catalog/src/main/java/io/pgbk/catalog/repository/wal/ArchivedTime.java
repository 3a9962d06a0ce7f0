package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What time it has become by the server's own clock, as far as the archive shows. */
public final class ArchivedTime {
    private final Repository repository;
    private final ClusterName cluster;

    public ArchivedTime(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    /**
     * The highest commit time in the archive, of the newest incarnation that has one; empty when none is known. Costs one
     * or two listings and a few reads for each timeline.
     */
    public Optional<Instant> newestCommit() {
        List<Incarnation> incarnations = new Incarnations(repository, cluster).list();
        for (Incarnation incarnation : incarnations.reversed()) {
            WalArchive archive = new WalArchive(repository, incarnation);
            Optional<Instant> newest = Optional.empty();
            for (int timeline : archive.timelinesWithWal()) {
                newest = latest(newest, archive.newestCommitTime(timeline));
            }
            if (newest.isPresent()) {
                return newest;
            }
        }
        return Optional.empty();
    }

    /** The later of both, as far as they are known. */
    public static Optional<Instant> latest(Optional<Instant> left, Optional<Instant> right) {
        return left.isPresent() && right.isPresent() && right.get().isAfter(left.get()) ? right : left.or(() -> right);
    }
}
