package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectInfo;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * Removes the objects of one label in the order that never leaves a listed backup with something missing: the summary
 * first, then data, and the events, by which an interrupted removal is recognised, last. Objects of unknown names stay.
 */
final class LabelRemoval {
    /** Removed at a time: memory stays bounded for a backup of any size. */
    private static final int BATCH = 1000;

    private final Repository repository;
    private final ClusterName cluster;
    private final BooleanSupplier mayGoOn;
    private final Map<String, String> leftovers = new LinkedHashMap<>();
    private boolean stopped;
    private long bytesFreed;

    /**
     * A removal.
     *
     * @param mayGoOn asked before every batch: false when another process has finished the removal, and the label may be
     *     in use again
     */
    LabelRemoval(Repository repository, ClusterName cluster, BooleanSupplier mayGoOn) {
        this.repository = repository;
        this.cluster = cluster;
        this.mayGoOn = mayGoOn;
    }

    long bytesFreed() {
        return bytesFreed;
    }

    /** What could not be removed, and why. */
    Map<String, String> leftovers() {
        return leftovers;
    }

    /** Whether it was not allowed to go on: what lies under the label now is another's. */
    boolean stopped() {
        return stopped;
    }

    /** What the packs of a label take in the store. */
    static long storedBytes(Repository repository, ClusterName cluster, Label label) {
        long bytes = 0;
        Iterator<ObjectInfo> packs = repository.store().list(RepositoryLayout.packFolder(cluster, label), "");
        while (packs.hasNext()) {
            bytes += packs.next().length();
        }
        return bytes;
    }

    /** Removes everything of the label; stops when the summary cannot be removed. */
    void removeAll(Label label) {
        delete(List.of(new ObjectInfo(RepositoryLayout.backup(cluster, label), 0)));
        if (leftovers.isEmpty()) {
            removeData(label);
        }
        if (leftovers.isEmpty()) {
            delete(folder(label), RepositoryObject.Intent.class::isInstance);
            delete(folder(label), RepositoryObject.Event.class::isInstance);
        }
    }

    /**
     * Removes what a label that ended without a commit left. The marker goes last: as long as it is there the label is
     * known to be dead, and nobody begins anew under it.
     *
     * @param withMarker whether the name becomes free too
     */
    void removeAborted(Label label, boolean withMarker) {
        removeData(label);
        if (leftovers.isEmpty()) {
            // Somebody who slept may have written them late.
            delete(folder(label), RepositoryObject.Event.class::isInstance);
            delete(List.of(new ObjectInfo(RepositoryLayout.intent(cluster, label), 0)));
        }
        if (withMarker && leftovers.isEmpty()) {
            delete(List.of(new ObjectInfo(RepositoryLayout.backup(cluster, label), 0)));
        }
    }

    /** Removes packs, manifests and signs of life: all that nobody needs of a label that is not listed. */
    void removeData(Label label) {
        delete(RepositoryLayout.packFolder(cluster, label), RepositoryObject.Pack.class::isInstance);
        delete(folder(label), RepositoryObject.Manifest.class::isInstance);
        removeSignsOfLife(label);
    }

    void removeManifestsBefore(Label label, int generation) {
        delete(
                RepositoryLayout.manifestFolder(cluster, label),
                object -> object instanceof RepositoryObject.Manifest manifest && manifest.generation() < generation);
    }

    void removeSignsOfLife(Label label) {
        delete(folder(label), RepositoryObject.Alive.class::isInstance);
    }

    private String folder(Label label) {
        return RepositoryLayout.backupFolder(cluster, label);
    }

    private void delete(String prefix, Predicate<RepositoryObject> which) {
        List<ObjectInfo> batch = new ArrayList<>();
        Iterator<ObjectInfo> objects = repository.store().list(prefix, "");
        while (objects.hasNext()) {
            ObjectInfo object = objects.next();
            if (which.test(RepositoryLayout.parse(object.key()))) {
                batch.add(object);
            }
            if (batch.size() == BATCH) {
                delete(batch);
                batch.clear();
            }
        }
        delete(batch);
    }

    private void delete(List<ObjectInfo> objects) {
        if (objects.isEmpty() || stopped) {
            return;
        }
        if (!mayGoOn.getAsBoolean()) {
            stopped = true;
            return;
        }
        Map<String, String> failed = new LinkedHashMap<>();
        for (DeleteFailure failure :
                repository.store().delete(objects.stream().map(ObjectInfo::key).toList())) {
            failed.put(failure.key(), failure.reason());
        }
        for (ObjectInfo object : objects) {
            if (!failed.containsKey(object.key())) {
                bytesFreed += object.length();
            }
        }
        leftovers.putAll(failed);
    }
}
