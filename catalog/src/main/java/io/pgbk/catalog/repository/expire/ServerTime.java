package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.WalArchive;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The time by which retention counts: a clock that is ahead, here or in the store, must not let anything expire. */
final class ServerTime {
    private ServerTime() {}

    /**
     * The earliest of the host's clock, the store's, and what the database server's own showed last: the newest archived
     * commit or the end of a backup, whichever is later.
     */
    static Instant trusted(ClusterCatalog cluster, List<Incarnation> incarnations, List<BackupRecord> backups) {
        Instant now = cluster.repository().trustedNow();
        Optional<Instant> shown = later(
                newestCommit(cluster, incarnations),
                backups.stream()
                        .map(backup -> backup.summary().facts().stopTime())
                        .max(Instant::compareTo));
        return shown.filter(now::isAfter).orElse(now);
    }

    private static Optional<Instant> newestCommit(ClusterCatalog cluster, List<Incarnation> incarnations) {
        for (Incarnation incarnation : incarnations.reversed()) {
            WalArchive wal = cluster.wal(incarnation);
            Optional<Instant> newest = Optional.empty();
            for (int timeline : wal.timelinesWithWal()) {
                newest = later(newest, wal.newestCommitTime(timeline));
            }
            if (newest.isPresent()) {
                return newest;
            }
        }
        return Optional.empty();
    }

    private static Optional<Instant> later(Optional<Instant> left, Optional<Instant> right) {
        return left.isPresent() && right.isPresent() && right.get().isAfter(left.get()) ? right : left.or(() -> right);
    }
}
