package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.LabelGuard;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.catalog.repository.lease.StoredLeases;
import io.pgbk.catalog.repository.lease.WalRangeJson;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Who takes a backup: intents, and the lease under which one is taken at a time. */
final class LabelClaims {
    private final Repository repository;
    private final ClusterName cluster;
    private final BackupReader reader;

    LabelClaims(Repository repository, ClusterName cluster, BackupReader reader) {
        this.repository = repository;
        this.cluster = cluster;
        this.reader = reader;
    }

    BackupWriter begin(BackupCatalog.BackupStart start, LabelGuard guard) {
        Label first = newLabel(start.type());
        Optional<Leases.Lease> lease = exclude(first, start.patience());
        Label label = first;
        try {
            while (!claim(label, start, false)) {
                label = newLabel(start.type());
            }
            StoredBackupWriter writer =
                    new StoredBackupWriter(repository, cluster, label, start, lease, reader, Attempt.ONLY);
            try {
                // The intent names what it needs: whoever wants to remove that sees the one or is seen here.
                start.parent().ifPresent(guard::requireUsable);
                start.needs().forEach(guard::requireUsable);
                start.wal().ifPresent(guard::requireKept);
                return writer;
            } catch (RuntimeException e) {
                writer.close();
                throw e;
            }
        } catch (RuntimeException e) {
            lease.ifPresent(Leases.Lease::close);
            throw e;
        }
    }

    BackupWriter beginCopy(Label label, BackupCatalog.BackupStart start, LabelGuard guard) {
        Optional<Leases.Lease> lease = exclude(label, start.patience());
        try {
            if (reader.end(label).isPresent()) {
                throw new PgbkException(
                        ErrorCode.REFUSED_BY_POLICY,
                        "backup " + label + " has ended in " + repository.displayName(),
                        "A copy that was given up can begin anew when its remains are gone, two days later; `pgbk info`"
                                + " lists the backups that are there.");
            }
            if (reader.isRestOfRemoval(label)) {
                throw new PgbkException(
                        ErrorCode.REFUSED_BY_POLICY,
                        "backup " + label + " is being removed from " + repository.displayName(),
                        "`pgbk delete " + label + "` finishes that; then it can be copied again.");
            }
            // Signs of life of attempts that cannot begin would keep the label from ever being given up.
            start.needs().forEach(guard::requireUsable);
            // An intent that exists is that of an interrupted copy: under the lease nobody else works on it.
            claim(label, start, true);
            Attempt attempt = Attempt.ofCopy(reader.folder(label), lease);
            StoredBackupWriter writer =
                    new StoredBackupWriter(repository, cluster, label, start, lease, reader, attempt);
            try {
                // The intent may be that of an earlier attempt; what this one needs stands in the sign of life.
                start.needs().forEach(guard::requireUsable);
                return writer;
            } catch (RuntimeException e) {
                writer.close();
                throw e;
            }
        } catch (RuntimeException e) {
            lease.ifPresent(Leases.Lease::close);
            throw e;
        }
    }

    private Label newLabel(BackupType type) {
        return Label.generate(
                repository.runtime().clock().instant(), repository.runtime().random(), type);
    }

    /** Creates the intent; false when the label is taken. */
    private boolean claim(Label label, BackupCatalog.BackupStart start, boolean resumable) {
        ObjectNode json = JsonDocument.newObject()
                .put("owner", repository.runtime().owner())
                .put("incarnation", start.incarnation().number())
                .put("time", repository.runtime().clock().instant().toString());
        start.parent().ifPresent(parent -> json.put("parent", parent.value()));
        LabelListJson.write(json, "needs", start.needs());
        start.wal().ifPresent(range -> WalRangeJson.write(json, range));
        if (resumable) {
            json.put("resumable", true);
        }
        return repository.documents().create(ObjectKind.INTENT, RepositoryLayout.intent(cluster, label), json)
                == CreateOutcome.CREATED;
    }

    static RunningBackup read(Label label, JsonDocument json, Instant lastAlive) {
        return new RunningBackup(
                label,
                json.text("owner"),
                json.integer("incarnation", 1, RepositoryLayout.MAX_NUMBER),
                json.has("parent") ? Optional.of(json.label("parent")) : Optional.empty(),
                LabelListJson.read(json, "needs"),
                WalRangeJson.read(json),
                json.has("resumable") && json.flag("resumable"),
                json.time("time"),
                lastAlive);
    }

    /** Whether the label's intent says that it is a copy; false without an intent. */
    boolean isResumable(Label label) {
        return repository
                .documents()
                .find(ObjectKind.INTENT, RepositoryLayout.intent(cluster, label))
                .map(intent -> intent.json().has("resumable") && intent.json().flag("resumable"))
                .orElse(false);
    }

    private Optional<Leases.Lease> exclude(Label label, Duration patience) {
        if (repository.storeIsSafe()) {
            return Optional.of(
                    new StoredLeases(repository, cluster).acquire(BackupCatalog.LEASE, "backup " + label, patience));
        }
        // Such a repository has one host by its operator's word; this only catches two runs on it.
        Instant recent = repository.runtime().clock().instant().minus(BackupCatalog.ALIVE_INTERVAL.multipliedBy(2));
        for (RunningBackup other : reader.list().running()) {
            if (other.lastAlive().isAfter(recent)) {
                throw new PgbkException(
                        ErrorCode.HELD_BY_ANOTHER,
                        "backup " + other.label() + " is being taken by " + other.owner(),
                        "Wait until it has finished.");
            }
        }
        return Optional.empty();
    }
}
