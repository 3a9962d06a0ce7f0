package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.FrameLocation;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.pack.PackCopier;
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
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
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
            List<PackCopier.Copied> packs = copyPacks(manifest.packs(), writer, alive);
            List<BitSet> used = new ArrayList<>();
            packs.forEach(_ -> used.add(new BitSet()));
            ManifestWriter.ManifestRef written = writeManifest(manifest, incarnation, packs, used, writer);
            wal.copyRange(backup, incarnation);
            alive.run();
            return writer.commit(facts(backup, incarnation, packs, used), written);
        }
    }

    private List<PackCopier.Copied> copyPacks(List<PackRef> packs, BackupWriter writer, Runnable alive) {
        Repository target = to.repository();
        Map<String, PackRef> known = knownThere(packs);
        Map<String, Long> stored = new HashMap<>();
        Iterator<ObjectInfo> objects = target.store().list(RepositoryLayout.packFolder(to.name(), writer.label()), "");
        objects.forEachRemaining(object -> stored.put(object.key(), object.length()));
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
        List<Workers.Task> tasks = new ArrayList<>();
        for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
            int place = ordinal;
            PackRef pack = packs.get(ordinal);
            tasks.add(() -> {
                alive.run();
                copied.put(place, copyPack(copier, pack, known, stored));
            });
        }
        try (Workers workers = new Workers("copy", parallel)) {
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
            PackCopier copier, PackRef pack, Map<String, PackRef> known, Map<String, Long> stored) {
        RepositoryObject.Pack name = packName(pack);
        String path = RepositoryLayout.pack(to.name(), name.label(), name.number());
        PackRef there = known.get(path);
        if (there != null) {
            monitor.advance(pack.rawLength());
            return copier.locate(pack, there);
        }
        Long length = stored.get(path);
        return length == null ? copier.copy(pack, path) : copier.inspect(pack, path, length);
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

    private ManifestWriter.ManifestRef writeManifest(
            ManifestReader source,
            Incarnation incarnation,
            List<PackCopier.Copied> packs,
            List<BitSet> used,
            BackupWriter writer) {
        Repository target = to.repository();
        // What an interrupted copy left: no backup refers to it, and under the lease nobody writes it. A process that
        // slept
        // past its lease would remove the manifest of a backup that another has copied and committed since.
        writer.proveAlive();
        target.store().delete(List.of(writer.manifestKey()));
        try (ObjectUpload upload = target.store().upload(writer.manifestKey());
                ManifestWriter manifest = new ManifestWriter(
                        ByteSink.of(upload),
                        target.keys(),
                        writer.manifestKey(),
                        target.runtime().compression(),
                        target.runtime().random(),
                        factsOf(source.facts(), incarnation),
                        packs.stream().map(PackCopier.Copied::pack).toList())) {
            Iterator<FileEntry> files = source.files();
            while (files.hasNext()) {
                monitor.checkCancelled();
                manifest.add(entryOf(files.next(), packs, used));
            }
            source.pageFailures().forEachRemaining(manifest::add);
            source.relations().forEachRemaining(manifest::add);
            ManifestWriter.ManifestRef written = manifest.finish();
            upload.complete();
            return written;
        }
    }

    private static FileEntry entryOf(FileEntry entry, List<PackCopier.Copied> packs, List<BitSet> used) {
        if (entry.kind() != FileKind.FILE) {
            return entry;
        }
        List<Extent> extents = new ArrayList<>(entry.extents().size());
        Map<Extent.Frame, Extent.Frame> moved = new HashMap<>();
        for (Extent extent : entry.extents()) {
            extents.add(
                    switch (extent) {
                        case Extent.Zeros zeros -> zeros;
                        case Extent.Stored(Extent.Frame frame, int offset, int bytes) ->
                            new Extent.Stored(moved.computeIfAbsent(frame, old -> frameOf(old, packs)), offset, bytes);
                    });
        }
        moved.values().forEach(frame -> used.get(frame.pack()).set(frame.number()));
        return FileEntry.file(
                entry.path(), entry.mode(), entry.modifiedMicros(), entry.size(), extents, entry.windows());
    }

    private static Extent.Frame frameOf(Extent.Frame frame, List<PackCopier.Copied> packs) {
        PackCopier.Copied pack = packs.get(frame.pack());
        if (frame.number() >= pack.frames().count()
                || pack.frames().get(frame.number()).rawLength() != frame.rawLength()) {
            throw Damage.of(pack.pack().path(), "it has no frame " + frame.number() + " as the manifest names it");
        }
        FrameLocation location = pack.frames().get(frame.number());
        return new Extent.Frame(
                frame.pack(), frame.number(), location.storedOffset(), location.storedLength(), location.rawLength());
    }

    private static ManifestFacts factsOf(ManifestFacts facts, Incarnation incarnation) {
        return facts.as(facts.label(), facts.type(), facts.parents(), incarnation.number());
    }

    private static BackupFacts facts(
            BackupRecord backup, Incarnation incarnation, List<PackCopier.Copied> packs, List<BitSet> used) {
        BackupFacts facts = backup.summary().facts();
        List<PackUse> uses = new ArrayList<>(packs.size());
        long own = 0;
        for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
            PackCopier.Copied pack = packs.get(ordinal);
            RepositoryObject.Pack name = packName(pack.pack());
            long usedBytes = used.get(ordinal).stream()
                    .mapToLong(frame -> pack.frames().get(frame).storedLength())
                    .sum();
            uses.add(new PackUse(name.label(), name.number(), pack.pack().length(), usedBytes));
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
