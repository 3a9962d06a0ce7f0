package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.task.TaskMonitor;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads manifests to see which frames of a backup's packs others use. */
final class FrameSurvey {
    private final ClusterCatalog cluster;
    private final TaskMonitor monitor;

    FrameSurvey(ClusterCatalog cluster, TaskMonitor monitor) {
        this.cluster = cluster;
        this.monitor = monitor;
    }

    /**
     * A pack with the frames of it that are used. About 100 bytes of memory for each of these.
     *
     * @param frames by number
     */
    record UsedPack(PackRef pack, SortedMap<Integer, Extent.Frame> frames) {
        long storedBytes() {
            return frames.values().stream()
                    .mapToLong(Extent.Frame::storedLength)
                    .sum();
        }
    }

    ManifestReader open(BackupRecord backup) {
        return ManifestReader.open(
                cluster.repository().store(),
                cluster.repository().keys(),
                cluster.backups().manifestKey(backup),
                backup.manifest().storedBytes());
    }

    /**
     * The used packs of a backup, by path.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, OBJECT_MISSING
     */
    Map<String, UsedPack> used(Label owner, List<BackupRecord> users) {
        Map<String, UsedPack> used = new LinkedHashMap<>();
        for (BackupRecord user : users) {
            cluster.backups().requireManifest(user);
            try (ManifestReader manifest = open(user)) {
                note(owner, cluster.backups().manifestKey(user), manifest, used);
            }
        }
        return used;
    }

    private void note(Label owner, String key, ManifestReader manifest, Map<String, UsedPack> used) {
        List<PackRef> packs = manifest.packs();
        Iterator<FileEntry> files = manifest.files();
        while (files.hasNext()) {
            monitor.checkCancelled();
            for (Extent extent : files.next().extents()) {
                if (extent instanceof Extent.Stored(Extent.Frame frame, int _, int _)) {
                    if (frame.pack() >= packs.size()) {
                        throw Damage.of(key, "it names a pack that it does not list");
                    }
                    PackRef pack = packs.get(frame.pack());
                    if (isOf(pack, owner)) {
                        used.computeIfAbsent(pack.path(), path -> new UsedPack(pack, new TreeMap<>()))
                                .frames()
                                .putIfAbsent(frame.number(), frame);
                    }
                }
            }
        }
    }

    static boolean isOf(PackRef pack, Label owner) {
        return RepositoryLayout.parse(pack.path()) instanceof RepositoryObject.Pack name
                && name.label().equals(owner);
    }
}
