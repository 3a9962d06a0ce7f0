package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import java.util.List;

/** What time it has become by the server's own clock, as far as the archive shows. */
public final class ArchivedTime {
    private final Repository repository;
    private final ClusterName cluster;

    public ArchivedTime(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    /**
     * The highest commit time in the archive, of the newest incarnation that has one. Costs one or two listings and a few
     * reads for each timeline.
     */
    public AttestedTime newestCommit() {
        List<Incarnation> incarnations = new Incarnations(repository, cluster).list();
        AttestedTime newest = AttestedTime.UNKNOWN;
        for (Incarnation incarnation : incarnations.reversed()) {
            WalArchive archive = new WalArchive(repository, incarnation);
            for (int timeline : archive.timelinesWithWal()) {
                newest = newest.or(archive.newestCommit(timeline));
            }
            if (newest.time().isPresent()) {
                return newest;
            }
        }
        return newest;
    }
}
