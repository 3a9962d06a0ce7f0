package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.pack.PackCopier;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.lease.KeptHold;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Copies one backup into another repository: packs, then a manifest that points at them, then WAL, then the summary.
 * Packs keep label and number. Memory: 16 bytes for each frame that the manifest's packs have, 160 MB for 10 TB.
 */
final class BackupCopier {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final ClusterCatalog from;
    private final ClusterCatalog to;
    private final WalCopier wal;
    private final int parallel;
    private final TaskMonitor monitor;

    BackupCopier(ClusterCatalog from, ClusterCatalog to, WalCopier wal, int parallel, TaskMonitor monitor) {
        this.from = from;
        this.to = to;
        this.wal = wal;
        this.parallel = parallel;
        this.monitor = monitor;
    }

    /** Copies the backup; its summary says what it added there. */
    BackupRecord copy(BackupRecord backup, Incarnation incarnation, KeptHold source) {
        from.backups().requireManifest(backup);
        Set<Label> owners = backup.owners();
        Optional<Label> parent = backup.summary().facts().parent();
        BackupCatalog.BackupStart start = new BackupCatalog.BackupStart(
                backup.summary().type(),
                incarnation,
                parent,
                owners,
                Optional.of(new Holds.WalRange(
                        incarnation.number(),
                        backup.summary().timeline(),
                        backup.summary().startLsn(),
                        Optional.of(backup.summary().stopLsn()))),
                PATIENCE);
        try (BackupWriter writer = to.backups().beginCopy(backup.label(), start);
                KeptHold held = KeptHold.take(
                        to.holds(), "copy", owners, to.repository().runtime().monotonic());
                ManifestReader manifest = ManifestReader.open(
                        from.repository().store(),
                        from.repository().keys(),
                        from.backups().manifestKey(backup),
                        backup.manifest().storedBytes())) {
            Runnable alive = () -> {
                writer.checkAlive();
                source.checkAlive();
                held.checkAlive();
            };
            Runnable proof = () -> {
                writer.proveAlive();
                alive.run();
            };
            List<PackCopier.Copied> packs = copyPacks(manifest.packs(), writer, alive, proof);
            ManifestCopier copied = new ManifestCopier(to.repository(), incarnation, packs, monitor);
            ManifestWriter.ManifestRef written = copied.store(manifest, writer.manifestKey());
            wal.copyRange(backup, incarnation);
            alive.run();
            return writer.commit(facts(backup, incarnation, packs, copied), written);
        }
    }

    private List<PackCopier.Copied> copyPacks(
            List<PackRef> packs, BackupWriter writer, Runnable alive, Runnable proof) {
        Repository target = to.repository();
        Map<String, PackRef> known = knownThere(packs);
        LeftPacks left = new LeftPacks(from, to, writer.label(), labelsOfOthers(packs, known));
        PackCopier copier = new PackCopier(
                new PackCopier.Place(
                        from.repository().store(), from.repository().keys()),
                new PackCopier.Place(target.store(), target.keys()),
                target.runtime().compression(),
                target.runtime().random(),
                bytes -> {
                    monitor.checkCancelled();
                    monitor.advance(bytes);
                });
        monitor.phase(
                "copy " + writer.label(),
                packs.stream().mapToLong(PackRef::rawLength).sum());
        Map<Integer, PackCopier.Copied> copied = new ConcurrentHashMap<>();
        long bytesEach = copier.bufferBytes(PackReader.largestFrame(packs));
        try (Workers workers = Workers.within(target.runtime().buffers(), "copy", parallel, bytesEach, monitor)) {
            List<Workers.Task> tasks = new ArrayList<>();
            for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
                int place = ordinal;
                PackRef pack = packs.get(ordinal);
                tasks.add(() -> {
                    alive.run();
                    copied.put(place, copyPack(copier, pack, known, left, proof, workers.buffers()));
                });
            }
            workers.run(tasks);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<PackCopier.Copied> all = new ArrayList<>(packs.size());
        for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
            all.add(Objects.requireNonNull(copied.get(ordinal)));
        }
        return all;
    }

    private PackCopier.Copied copyPack(
            PackCopier copier,
            PackRef pack,
            Map<String, PackRef> known,
            LeftPacks left,
            Runnable proof,
            Buffers buffers) {
        RepositoryObject.Pack name = packName(pack);
        String path = RepositoryLayout.pack(to.name(), name.label(), name.number());
        PackRef there = known.get(path);
        if (there != null) {
            monitor.advance(pack.rawLength());
            return name.number() < RepositoryLayout.FIRST_ADDED_PACK
                    ? copier.locate(pack, there)
                    : copier.locateCompared(pack, there, buffers);
        }
        if (left.contains(path)) {
            return left.goOnWith(copier, pack, path, proof, buffers);
        }
        // Who slept past the lease would write over what the next holder has stored, and may have committed.
        proof.run();
        return copier.copy(pack, path, proof, buffers);
    }

    private static RepositoryObject.Pack packName(PackRef pack) {
        if (RepositoryLayout.parse(pack.path()) instanceof RepositoryObject.Pack name) {
            return name;
        }
        throw Damage.of(pack.path(), "the manifest names it as a pack, and it is none");
    }

    /**
     * The packs, by path, that backups which are listed in the other repository use, whoever stored them: they must not
     * be written again.
     */
    private Map<String, PackRef> knownThere(List<PackRef> packs) {
        Set<PackId> wanted = new HashSet<>();
        for (PackRef pack : packs) {
            RepositoryObject.Pack name = packName(pack);
            wanted.add(new PackId(name.label(), name.number()));
        }
        Map<String, PackRef> known = new HashMap<>();
        for (BackupRecord record : to.backups().list()) {
            boolean useful = false;
            for (PackUse use : record.packs()) {
                useful |= wanted.remove(new PackId(use.label(), use.number()));
            }
            if (useful) {
                try (ManifestReader manifest = ManifestReader.open(
                        to.repository().store(),
                        to.repository().keys(),
                        to.backups().manifestKey(record),
                        record.manifest().storedBytes())) {
                    manifest.packs().forEach(pack -> known.put(pack.path(), pack));
                }
            }
        }
        return known;
    }

    /** Labels of packs that no listed backup of the other repository uses. */
    private Set<Label> labelsOfOthers(List<PackRef> packs, Map<String, PackRef> known) {
        Set<Label> labels = new HashSet<>();
        for (PackRef pack : packs) {
            RepositoryObject.Pack name = packName(pack);
            if (!known.containsKey(RepositoryLayout.pack(to.name(), name.label(), name.number()))) {
                labels.add(name.label());
            }
        }
        return labels;
    }

    private static BackupFacts facts(
            BackupRecord backup, Incarnation incarnation, List<PackCopier.Copied> packs, ManifestCopier manifest) {
        BackupFacts facts = backup.summary().facts();
        List<PackUse> uses = new ArrayList<>(packs.size());
        long own = 0;
        for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
            PackCopier.Copied pack = packs.get(ordinal);
            RepositoryObject.Pack name = packName(pack.pack());
            uses.add(new PackUse(name.label(), name.number(), pack.pack().length(), manifest.usedBytes(ordinal)));
            own += name.label().equals(backup.label()) ? pack.pack().length() : 0;
        }
        return new BackupFacts(
                facts.parent(),
                facts.fallbackReason(),
                facts.synthesisedFrom(),
                incarnation.number(),
                facts.timeline(),
                facts.startLsn(),
                facts.stopLsn(),
                facts.startTime(),
                facts.stopTime(),
                facts.files(),
                facts.databaseBytes(),
                facts.readBytes(),
                own,
                facts.pageErrors(),
                facts.fromStandby(),
                facts.host(),
                facts.programVersion(),
                backup.annotations(),
                uses,
                facts.walSummaries());
    }
}
