package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.task.TaskMonitor;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds out from which of the parent's packs content may be taken: they are there with their length, and no
 * verification that counts found damage in the backup that stored them. What lies in others is stored anew, which
 * repairs the newest state of the database.
 */
final class PackInspection {
    private final ClusterCatalog cluster;
    private final Set<Label> damaged;
    private final TaskMonitor monitor;

    /** @param listed all backups with their verdicts */
    PackInspection(ClusterCatalog cluster, List<BackupRecord> listed, TaskMonitor monitor) {
        this.cluster = cluster;
        this.damaged = listed.stream()
                .filter(PackInspection::isDamaged)
                .map(BackupRecord::label)
                .collect(Collectors.toSet());
        this.monitor = monitor;
    }

    private static boolean isDamaged(BackupRecord backup) {
        return backup.lastVerify()
                .map(recorded ->
                        ((BackupEvent.Verified) recorded.event()).verdict().verdict() == BackupEvent.Verdict.DAMAGED)
                .orElse(false);
    }

    /** The ordinals of the packs that may be used; one listing for each backup that stored some of them. */
    BitSet usable(List<PackRef> packs) {
        Map<Label, Map<Integer, Integer>> ordinals = new HashMap<>();
        for (int i = 0; i < packs.size(); i++) {
            if (RepositoryLayout.parse(packs.get(i).path()) instanceof RepositoryObject.Pack pack
                    && pack.cluster().equals(cluster.name())) {
                ordinals.computeIfAbsent(pack.label(), label -> new HashMap<>()).put(pack.number(), i);
            }
        }
        BitSet usable = new BitSet(packs.size());
        Set<String> suspects = new TreeSet<>();
        ordinals.forEach((label, numbers) -> {
            if (damaged.contains(label)) {
                suspects.add(label.value());
            } else {
                addPresent(label, numbers, packs, usable);
            }
        });
        if (!suspects.isEmpty()) {
            monitor.warn("what backup " + String.join(", ", suspects)
                    + " stored is stored again: its last verification found damage");
        }
        int absent = packs.size()
                - usable.cardinality()
                - ordinals.entrySet().stream()
                        .filter(entry -> damaged.contains(entry.getKey()))
                        .mapToInt(entry -> entry.getValue().size())
                        .sum();
        if (absent > 0) {
            monitor.warn("packs of earlier backups that are missing or have another length: " + absent
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
