package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.CreateOutcome;
import java.time.Instant;
import tools.jackson.databind.node.ObjectNode;

/** Writes the events of backups. */
final class BackupEventLog {
    private final Repository repository;
    private final ClusterName cluster;

    BackupEventLog(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    /** Appends an event and returns its number. */
    int append(Label label, BackupEvent event) {
        return append(label, event, repository.runtime().clock().instant());
    }

    /** Appends the announcement of a removal and returns which one it is. */
    BackupEvent.Announcement announce(Label label, BackupEvent.Expiring expiring) {
        Instant time = repository.runtime().clock().instant();
        return new BackupEvent.Announcement(append(label, expiring, time), time);
    }

    private int append(Label label, BackupEvent event, Instant time) {
        return repository
                .documents()
                .append(
                        ObjectKind.EVENT,
                        RepositoryLayout.events(cluster, label),
                        number -> RepositoryLayout.event(cluster, label, number),
                        json(event, time));
    }

    /** Creates the event with exactly this number; false when there is another. */
    boolean create(Label label, int number, BackupEvent event) {
        return repository
                        .documents()
                        .create(
                                ObjectKind.EVENT,
                                RepositoryLayout.event(cluster, label, number),
                                json(event, repository.runtime().clock().instant()))
                == CreateOutcome.CREATED;
    }

    private ObjectNode json(BackupEvent event, Instant time) {
        return BackupEventCodec.write(event)
                .put("time", time.toString())
                .put("by", repository.runtime().owner());
    }
}
