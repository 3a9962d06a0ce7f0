package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.CreateOutcome;
import java.time.Instant;
import java.util.Collections;
import java.util.Set;

/**
 * Ends labels of backups that died. A clock only says when to try: whether a backup has ended is decided by who creates
 * {@code backup}, its owner as the commit or another as the end.
 */
final class DeadLabels {
    private final Repository repository;
    private final ClusterName cluster;
    private final BackupReader reader;

    DeadLabels(Repository repository, ClusterName cluster, BackupReader reader) {
        this.repository = repository;
        this.cluster = cluster;
        this.reader = reader;
    }

    static boolean isDead(RunningBackup running, Instant now) {
        return running.lastAlive().plus(BackupCatalog.DEAD_AFTER).isBefore(now);
    }

    /**
     * Whether a backup that was seen running may need one of these: by its intent, and as a copy also by its newest sign
     * of life. One that has ended since may have been committed with whatever it needed.
     */
    boolean mayNeed(RunningBackup running, Set<Label> labels) {
        return running.parent().filter(labels::contains).isPresent()
                || !Collections.disjoint(running.needs(), labels)
                || (running.resumable()
                        && new SignsOfLife(repository, cluster)
                                .needs(running.label(), reader)
                                .map(needs -> !Collections.disjoint(needs, labels))
                                .orElse(true));
    }

    /** Whether a label gave no sign of life for long enough to be ended; ends nothing. */
    boolean mayEnd(RunningBackup running, Instant now) {
        // A copy may have been begun again since it was seen: what a clean-up does before this may take hours.
        return isDead(running, now)
                && !(running.resumable()
                        && reader.running(running.label())
                                .filter(newest -> !isDead(newest, now))
                                .isPresent());
    }

    /** Ends the label when it gave no sign of life for long enough; true when it can never be committed. */
    boolean end(RunningBackup running, Instant now) {
        if (!mayEnd(running, now)) {
            return false;
        }
        String reason = "no sign of life since " + running.lastAlive();
        CreateOutcome outcome = repository
                .documents()
                .create(
                        ObjectKind.BACKUP,
                        RepositoryLayout.backup(cluster, running.label()),
                        BackupSummaryCodec.writeAborted(
                                running.label(),
                                new BackupSummaryCodec.End.Aborted(
                                        repository.runtime().owner(), reason, now, running.resumable())));
        return outcome == CreateOutcome.CREATED
                || reader.end(running.label())
                        .map(BackupSummaryCodec.End.Aborted.class::isInstance)
                        .orElse(false);
    }
}
