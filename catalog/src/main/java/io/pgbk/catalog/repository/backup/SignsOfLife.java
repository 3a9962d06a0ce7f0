package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.CreateOutcome;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * The signs of life of a backup that is being taken. Those of a copy say what it needs: it may be the second attempt
 * under an intent that was written for the first, before a compaction of the other repository changed what it needs.
 */
final class SignsOfLife {
    private static final String NEEDS = "needs";

    private final Repository repository;
    private final ClusterName cluster;

    SignsOfLife(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    /**
     * Writes one; false when there is one with that number.
     *
     * @param needs of a copy; empty when the intent says it
     */
    boolean write(Label label, int number, Optional<Set<Label>> needs) {
        ObjectNode json = JsonDocument.newObject()
                .put("time", repository.runtime().clock().instant().toString());
        needs.ifPresent(labels -> LabelListJson.write(json, NEEDS, labels));
        return repository.documents().create(ObjectKind.ALIVE, RepositoryLayout.alive(cluster, label, number), json)
                == CreateOutcome.CREATED;
    }

    /**
     * What the newest sign of life says that the backup needs, nothing for an older version's. Whoever took it asks
     * whether that may be needed only when the sign was stored.
     *
     * @return empty when the backup has ended since it was seen running: its signs go then
     */
    Optional<Set<Label>> needs(Label label, BackupReader reader) {
        int newest = reader.lastSignOfLife(label);
        if (newest > 0) {
            Optional<Set<Label>> needs = repository
                    .documents()
                    .find(ObjectKind.ALIVE, RepositoryLayout.alive(cluster, label, newest))
                    .map(sign -> LabelListJson.read(sign.json(), NEEDS));
            if (needs.isPresent()) {
                return needs;
            }
        }
        return reader.end(label).isPresent() ? Optional.empty() : Optional.of(Set.of());
    }
}
