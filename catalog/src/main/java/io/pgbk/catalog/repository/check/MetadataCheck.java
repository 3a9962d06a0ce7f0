package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeySlots;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Reads every small object of a repository and of one cluster in it, and reports the names that are not known. */
final class MetadataCheck {
    private static final int TASKS_AT_ONCE = 256;
    private static final int MAX_SLOT_BYTES = 64 << 10;
    /** Folders of a cluster that are read elsewhere. */
    private static final String WAL = "wal/";

    private static final Set<String> CLUSTER_FOLDERS =
            Set.of("incarnations/", WAL, "wal-index/", "wal-trims/", "backups/", "packs/", "holds/", "leases/");

    private final ClusterCatalog catalog;
    private final Repository repository;
    private final Workers workers;
    private final Tally tally;
    private final TaskMonitor monitor;
    private final Map<Label, LabelNames> labels = new TreeMap<>(Comparator.comparing(Label::value));
    private final Set<Integer> incarnations = new TreeSet<>();

    MetadataCheck(ClusterCatalog catalog, Workers workers, Tally tally, TaskMonitor monitor) {
        this.catalog = catalog;
        this.repository = catalog.repository();
        this.workers = workers;
        this.tally = tally;
        this.monitor = monitor;
    }

    /** The labels that have any object, and what the listing showed of each. */
    Map<Label, LabelNames> labels() {
        return labels;
    }

    /** Numbers of the cluster's incarnations. */
    Set<Integer> incarnations() {
        return incarnations;
    }

    /** Reads what concerns the whole repository. */
    void checkRepository() throws IOException {
        monitor.phase("catalogue", -1);
        read(RepositoryLayout.REPOSITORY_FILE);
        read(RepositoryLayout.KEYS);
        read(RepositoryLayout.POLICIES);
        Set<String> known = Set.of(
                RepositoryLayout.REPOSITORY_FILE,
                RepositoryLayout.KEYS,
                RepositoryLayout.POLICIES,
                RepositoryLayout.CLUSTERS,
                RepositoryLayout.PROBES);
        unknownChildren("", known);
        for (String child : repository.store().listChildren(RepositoryLayout.CLUSTERS)) {
            String name = child.endsWith("/") ? child.substring(0, child.length() - 1) : "";
            if (!ClusterName.isValid(name)) {
                unknown(RepositoryLayout.CLUSTERS + child);
            }
        }
    }

    /** Reads all of the cluster but data and WAL. */
    void checkCluster() throws IOException {
        String cluster = RepositoryLayout.cluster(catalog.name());
        unknownChildren(cluster, CLUSTER_FOLDERS);
        for (String folder : new TreeSet<>(CLUSTER_FOLDERS)) {
            if (!folder.equals(WAL)) {
                read(cluster + folder);
            }
        }
    }

    /** Reads what concerns one backup. */
    void checkLabel(Label label) throws IOException {
        read(RepositoryLayout.incarnations(catalog.name()));
        read(RepositoryLayout.backupFolder(catalog.name(), label));
        read(RepositoryLayout.packFolder(catalog.name(), label));
    }

    private void unknownChildren(String prefix, Set<String> known) {
        for (String child : repository.store().listChildren(prefix)) {
            if (!known.contains(child)) {
                unknown(prefix + child);
            }
        }
    }

    private void unknown(String key) {
        tally.found(new Finding(
                Finding.Kind.UNKNOWN, key, Optional.empty(), "this version does not know what is called like that"));
    }

    private void read(String prefix) throws IOException {
        Iterator<ObjectInfo> objects = repository.store().list(prefix, "");
        List<Workers.Task> tasks = new ArrayList<>();
        while (objects.hasNext()) {
            monitor.checkCancelled();
            ObjectInfo info = objects.next();
            RepositoryObject object = RepositoryLayout.parse(info.key());
            remember(object, info);
            tasks.add(() -> attempt(object, info));
            if (tasks.size() >= TASKS_AT_ONCE) {
                workers.run(tasks);
                tasks.clear();
            }
        }
        workers.run(tasks);
    }

    private void remember(RepositoryObject object, ObjectInfo info) {
        if (object instanceof RepositoryObject.OfBackup ofBackup) {
            labels.computeIfAbsent(ofBackup.label(), LabelNames::new).add(ofBackup);
        } else if (object instanceof RepositoryObject.Incarnation incarnation) {
            incarnations.add(incarnation.incarnation());
        } else if (object instanceof RepositoryObject.Unknown) {
            unknown(info.key());
        }
    }

    private void attempt(RepositoryObject object, ObjectInfo info) {
        Optional<Label> label =
                object instanceof RepositoryObject.OfBackup ofBackup ? Optional.of(ofBackup.label()) : Optional.empty();
        tally.attempt(info.key(), label, () -> {
            try {
                check(object, info);
            } catch (ObjectMissingException e) {
                // It was removed since it was listed, as signs of life, leases and holds are all the time.
                monitor.debug(e.getMessage() + ": removed meanwhile");
            }
        });
    }

    private void check(RepositoryObject object, ObjectInfo info) {
        switch (object) {
            case RepositoryObject.RepositoryFile ignored -> {
                repository.proveReadable();
                tally.checked(info.length());
            }
            case RepositoryObject.KeySlot slot -> checkSlot(slot, info);
            case RepositoryObject.Policy ignored -> document(ObjectKind.POLICY, info);
            case RepositoryObject.Incarnation incarnation -> {
                new Incarnations(repository, incarnation.cluster()).read(incarnation.incarnation());
                tally.checked(info.length());
            }
            case RepositoryObject.Intent ignored -> document(ObjectKind.INTENT, info);
            case RepositoryObject.Alive ignored -> document(ObjectKind.ALIVE, info);
            case RepositoryObject.Backup ignored -> document(ObjectKind.BACKUP, info);
            case RepositoryObject.Event ignored -> document(ObjectKind.EVENT, info);
            case RepositoryObject.Hold ignored -> document(ObjectKind.HOLD, info);
            case RepositoryObject.LockRenewal ignored -> document(ObjectKind.EVENT, info);
            case RepositoryObject.Lease ignored -> document(ObjectKind.LEASE, info);
            // Read through the backups that refer to them; those of a backup that runs or died are nobody's yet.
            case RepositoryObject.Manifest ignored -> {}
            case RepositoryObject.Pack ignored -> {}
            // Read with the WAL.
            case RepositoryObject.Wal ignored -> {}
            case RepositoryObject.WalEvent ignored -> {}
            case RepositoryObject.WalIndex ignored -> {}
            case RepositoryObject.WalTrim ignored -> document(ObjectKind.EVENT, info);
            case RepositoryObject.Unknown ignored -> {}
        }
    }

    private void document(ObjectKind kind, ObjectInfo info) {
        repository.documents().read(kind, info.key());
        tally.checked(info.length());
    }

    private void checkSlot(RepositoryObject.KeySlot slot, ObjectInfo info) {
        if (!repository.ownsSlot(slot.slotId())) {
            tally.found(new Finding(
                    Finding.Kind.UNKNOWN,
                    info.key(),
                    Optional.empty(),
                    "a key slot of another repository, for example of an init that did not finish"));
            return;
        }
        byte[] document = repository.store().readAll(info.key(), MAX_SLOT_BYTES);
        KeySlots.describe(info.key(), document);
        try {
            SealedJson.open(repository.keys(), info.key(), document);
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.KEY_WRONG || tally.kindOf(e).isPresent()) {
                throw e;
            }
            // A rotation gave it keys that the slot which opened this repository has not got.
            monitor.debug(String.valueOf(e.getMessage()));
        }
        tally.checked(info.length());
    }
}
