package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.CreateOutcome;
import tools.jackson.databind.node.ObjectNode;

/** Writes the events of backups. */
final class BackupEventLog {
    private final Repository repository;
    private final ClusterName cluster;

    BackupEventLog(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    int append(Label label, BackupEvent event) {
        return repository
                .documents()
                .append(
                        ObjectKind.EVENT,
                        RepositoryLayout.events(cluster, label),
                        number -> RepositoryLayout.event(cluster, label, number),
                        json(event));
    }

    /** Creates the event with exactly this number; false when there is another. */
    boolean create(Label label, int number, BackupEvent event) {
        return repository
                        .documents()
                        .create(ObjectKind.EVENT, RepositoryLayout.event(cluster, label, number), json(event))
                == CreateOutcome.CREATED;
    }

    private ObjectNode json(BackupEvent event) {
        return BackupEventCodec.write(event)
                .put("time", repository.runtime().clock().instant().toString())
                .put("by", repository.runtime().owner());
    }
}
