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
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    record UsedPack(PackRef pack, SortedMap<Integer, Extent.Frame> frames) {}

    ManifestReader open(BackupRecord backup) {
        return ManifestReader.open(
                cluster.repository().store(),
                cluster.repository().keys(),
                cluster.backups().manifestKey(backup),
                backup.manifest().storedBytes());
    }

    /**
     * What is used of a backup's packs.
     *
     * @param packs by path
     * @param frames in all of them
     */
    record Used(Map<String, UsedPack> packs, long storedBytes, int frames) {
        static final Used NOTHING = new Used(Map.of(), 0, 0);
    }

    /**
     * The used packs of a backup.
     *
     * @param most the reading of manifests ends when more stored bytes than that are used
     * @param mostFrames the same for frames
     * @return empty when more is used
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, OBJECT_MISSING
     */
    Optional<Used> used(Label owner, List<BackupRecord> users, long most, int mostFrames) {
        Used used = new Used(new LinkedHashMap<>(), 0, 0);
        for (BackupRecord user : users) {
            cluster.backups().requireManifest(user);
            try (ManifestReader manifest = open(user)) {
                used = add(owner, cluster.backups().manifestKey(user), manifest, used, most, mostFrames);
            }
            if (used.storedBytes() > most || used.frames() > mostFrames) {
                return Optional.empty();
            }
        }
        return Optional.of(used);
    }

    private Used add(Label owner, String key, ManifestReader manifest, Used before, long most, int mostFrames) {
        List<PackRef> packs = manifest.packs();
        BitSet owned = new BitSet(packs.size());
        for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
            owned.set(ordinal, isOf(packs.get(ordinal), owner));
        }
        long bytes = before.storedBytes();
        int frames = before.frames();
        Iterator<FileEntry> files = manifest.files();
        while (files.hasNext() && bytes <= most && frames <= mostFrames) {
            monitor.checkCancelled();
            for (Extent extent : files.next().extents()) {
                if (extent instanceof Extent.Stored(Extent.Frame frame, int _, int _)) {
                    if (frame.pack() >= packs.size()) {
                        throw Damage.of(key, "it names a pack that it does not list");
                    }
                    if (owned.get(frame.pack())) {
                        PackRef pack = packs.get(frame.pack());
                        boolean more = before.packs()
                                        .computeIfAbsent(pack.path(), path -> new UsedPack(pack, new TreeMap<>()))
                                        .frames()
                                        .putIfAbsent(frame.number(), frame)
                                == null;
                        bytes += more ? frame.storedLength() : 0;
                        frames += more ? 1 : 0;
                    }
                }
            }
        }
        return new Used(before.packs(), bytes, frames);
    }

    static boolean isOf(PackRef pack, Label owner) {
        return RepositoryLayout.parse(pack.path()) instanceof RepositoryObject.Pack name
                && name.label().equals(owner);
    }
}
