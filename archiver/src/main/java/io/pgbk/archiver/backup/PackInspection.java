package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.task.TaskMonitor;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds out from which of the parent's packs content may be taken: they are there with their length, and the last
 * verification of no backup found damage in them. What lies in others is stored anew, which repairs the newest state of
 * the database.
 */
final class PackInspection {
    private final ClusterCatalog cluster;
    /** Backups with damage of which the verdict does not say in which packs it is. */
    private final Set<Label> damaged = new HashSet<>();

    private final Set<PackId> damagedPacks = new HashSet<>();
    private final TaskMonitor monitor;

    /** @param listed all backups with their verdicts */
    PackInspection(ClusterCatalog cluster, List<BackupRecord> listed, TaskMonitor monitor) {
        this.cluster = cluster;
        this.monitor = monitor;
        listed.forEach(this::noteVerdict);
    }

    /** The last verdict counts: it repeats what earlier ones found and what still holds. */
    private void noteVerdict(BackupRecord backup) {
        backup.lastVerify().ifPresent(recorded -> {
            BackupEvent.VerifyVerdict verdict = ((BackupEvent.Verified) recorded.event()).verdict();
            damagedPacks.addAll(verdict.damagedPacks());
            if (verdict.verdict() == BackupEvent.Verdict.DAMAGED
                    && verdict.damagedPacks().isEmpty()) {
                damaged.add(backup.label());
            }
        });
    }

    private boolean isSuspect(Label label, int number) {
        return damaged.contains(label) || damagedPacks.contains(new PackId(label, number));
    }

    /** The ordinals of the packs that may be used; one listing for each backup that stored some of them. */
    BitSet usable(List<PackRef> packs) {
        Map<Label, Map<Integer, Integer>> ordinals = new HashMap<>();
        Set<String> suspects = new TreeSet<>();
        int trusted = packs.size();
        for (int i = 0; i < packs.size(); i++) {
            if (RepositoryLayout.parse(packs.get(i).path()) instanceof RepositoryObject.Pack pack
                    && pack.cluster().equals(cluster.name())) {
                if (isSuspect(pack.label(), pack.number())) {
                    suspects.add(pack.label().value());
                    trusted--;
                } else {
                    ordinals.computeIfAbsent(pack.label(), label -> new HashMap<>())
                            .put(pack.number(), i);
                }
            }
        }
        BitSet usable = new BitSet(packs.size());
        ordinals.forEach((label, numbers) -> addPresent(label, numbers, packs, usable));
        if (!suspects.isEmpty()) {
            monitor.warn("data that backup " + String.join(", ", suspects)
                    + " stored is stored again: a verification found damage in it");
        }
        if (usable.cardinality() < trusted) {
            monitor.warn("packs of earlier backups that are missing or have another length: "
                    + (trusted - usable.cardinality())
                    + "; what they held is stored again, and `pgbk verify` says which backups are hurt");
        }
        return usable;
    }

    private void addPresent(Label label, Map<Integer, Integer> ordinals, List<PackRef> packs, BitSet usable) {
        Iterator<ObjectInfo> objects =
                cluster.repository().store().list(RepositoryLayout.packFolder(cluster.name(), label), "");
        while (objects.hasNext()) {
            ObjectInfo object = objects.next();
            if (RepositoryLayout.parse(object.key()) instanceof RepositoryObject.Pack pack) {
                Integer ordinal = ordinals.get(pack.number());
                if (ordinal != null && packs.get(ordinal).length() == object.length()) {
                    usable.set(ordinal);
                }
            }
        }
    }
}
