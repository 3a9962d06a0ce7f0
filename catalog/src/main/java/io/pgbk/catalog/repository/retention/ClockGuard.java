package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.ArchivedTime;
import io.pgbk.catalog.repository.wal.AttestedTime;
import java.time.Instant;
import java.util.List;

/** The time that windows are counted back from: no single clock can make it late. */
public final class ClockGuard {
    private ClockGuard() {}

    /**
     * The earliest of this host's clock, the store's clock, and the newest moment that the server's own clock attests: the
     * last commit in the archive or the end of the last backup. A cluster that stands still does not age. Where nothing
     * attests a moment but WAL that cannot be read, nothing has aged at all.
     *
     * @param backups all that are listed
     * @throws io.pgbk.error.PgbkException REFUSED_BY_POLICY when the first two differ by more than five minutes
     */
    public static Instant now(ClusterCatalog cluster, List<BackupRecord> backups) {
        Instant now = cluster.repository().trustedNow();
        AttestedTime attested = new ArchivedTime(cluster.repository(), cluster.name())
                .newestCommit()
                .or(new AttestedTime(
                        backups.stream()
                                .map(backup -> backup.summary().facts().stopTime())
                                .max(Instant::compareTo),
                        true));
        if (attested.time().isEmpty() && !attested.exact()) {
            return Instant.EPOCH;
        }
        return attested.time().filter(now::isAfter).orElse(now);
    }
}
