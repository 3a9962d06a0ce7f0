package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a backup's manifest anew with the places that moved frames have now. Everything else stays word for word. */
final class ManifestRewrite {
    private final Repository repository;
    private final Set<Label> emptied;
    private final MovedFrames moved;
    private final List<PackRef> newPacks;
    private final TaskMonitor monitor;

    /**
     * A rewriter.
     *
     * @param emptied backups whose packs are not named any more
     * @param newPacks by the ordinals that {@code moved} names
     */
    ManifestRewrite(
            Repository repository, Set<Label> emptied, MovedFrames moved, List<PackRef> newPacks, TaskMonitor monitor) {
        this.repository = repository;
        this.emptied = Set.copyOf(emptied);
        this.moved = moved;
        this.newPacks = newPacks;
        this.monitor = monitor;
    }

    /** A new manifest, and what it uses. */
    record Rewritten(ManifestWriter.ManifestRef manifest, List<PackUse> packs) {}

    /** The packs of the new manifest: those that stay, then new ones. */
    private final class Table {
        private final List<PackRef> packs = new ArrayList<>();
        /** New ordinals by the old manifest's. */
        private final Map<Integer, Integer> staying = new HashMap<>();
        /** New ordinals by the ordinals of new packs. */
        private final Map<Integer, Integer> added = new LinkedHashMap<>();

        private final Map<Integer, BitSet> usedFrames = new HashMap<>();
        private final Map<Integer, Long> usedBytes = new HashMap<>();

        /** Which new packs are used is known only when all files were seen, and the table comes first: so all are. */
        Table(List<PackRef> old, Set<Integer> needed) {
            for (int ordinal = 0; ordinal < old.size(); ordinal++) {
                if (!isEmptied(old.get(ordinal))) {
                    staying.put(ordinal, packs.size());
                    packs.add(old.get(ordinal));
                }
            }
            for (int ordinal : needed) {
                added.put(ordinal, packs.size());
                packs.add(newPacks.get(ordinal));
            }
        }

        Extent.Frame place(List<PackRef> old, Extent.Frame frame) {
            Integer stays = staying.get(frame.pack());
            if (stays != null) {
                return new Extent.Frame(
                        stays, frame.number(), frame.storedOffset(), frame.storedLength(), frame.rawLength());
            }
            Extent.Frame now = moved.find(old.get(frame.pack()), frame);
            Integer ordinal = added.get(now.pack());
            if (ordinal == null) {
                throw new IllegalStateException("new pack " + now.pack() + " was not expected");
            }
            BitSet seen = usedFrames.computeIfAbsent(ordinal, ignored -> new BitSet());
            if (!seen.get(now.number())) {
                seen.set(now.number());
                usedBytes.merge(ordinal, (long) now.storedLength(), Long::sum);
            }
            return new Extent.Frame(ordinal, now.number(), now.storedOffset(), now.storedLength(), now.rawLength());
        }
    }

    Rewritten write(BackupRecord backup, ManifestReader source, String key) {
        List<PackRef> old = source.packs();
        Table table = new Table(old, neededNewPacks(source));
        try (ObjectUpload upload = repository.store().upload(key);
                ManifestWriter manifest = new ManifestWriter(
                        ByteSink.of(upload),
                        repository.keys(),
                        key,
                        repository.runtime().compression(),
                        repository.runtime().random(),
                        factsOf(source.facts(), backup.label(), table.packs),
                        table.packs)) {
            Iterator<FileEntry> files = source.files();
            while (files.hasNext()) {
                monitor.checkCancelled();
                manifest.add(entryOf(files.next(), old, table));
            }
            source.pageFailures().forEachRemaining(manifest::add);
            source.relations().forEachRemaining(manifest::add);
            ManifestWriter.ManifestRef written = manifest.finish();
            upload.complete();
            return new Rewritten(written, uses(backup, table));
        }
    }

    private Set<Integer> neededNewPacks(ManifestReader source) {
        List<PackRef> old = source.packs();
        Set<Integer> needed = new LinkedHashSet<>();
        Iterator<FileEntry> files = source.files();
        while (files.hasNext()) {
            monitor.checkCancelled();
            for (Extent extent : files.next().extents()) {
                if (extent instanceof Extent.Stored(Extent.Frame frame, int _, int _)
                        && isEmptied(old.get(frame.pack()))) {
                    needed.add(moved.find(old.get(frame.pack()), frame).pack());
                }
            }
        }
        return needed;
    }

    private boolean isEmptied(PackRef pack) {
        return emptied.contains(idOf(pack).label());
    }

    private static FileEntry entryOf(FileEntry entry, List<PackRef> old, Table table) {
        if (entry.kind() != FileKind.FILE) {
            return entry;
        }
        List<Extent> extents = new ArrayList<>(entry.extents().size());
        for (Extent extent : entry.extents()) {
            extents.add(
                    switch (extent) {
                        case Extent.Zeros zeros -> zeros;
                        case Extent.Stored(Extent.Frame frame, int offset, int bytes) ->
                            new Extent.Stored(table.place(old, frame), offset, bytes);
                    });
        }
        return FileEntry.file(
                entry.path(), entry.mode(), entry.modifiedMicros(), entry.size(), extents, entry.windows());
    }

    private static PackId idOf(PackRef pack) {
        if (RepositoryLayout.parse(pack.path()) instanceof RepositoryObject.Pack name) {
            return new PackId(name.label(), name.number());
        }
        throw new IllegalStateException(pack.path() + " is no pack");
    }

    private static List<PackUse> uses(BackupRecord backup, Table table) {
        Map<PackId, PackUse> before = new HashMap<>();
        backup.packs().forEach(use -> before.put(new PackId(use.label(), use.number()), use));
        List<PackUse> uses = new ArrayList<>(table.packs.size());
        for (int ordinal = 0; ordinal < table.packs.size(); ordinal++) {
            PackId id = idOf(table.packs.get(ordinal));
            PackUse known = before.get(id);
            long length = table.packs.get(ordinal).length();
            uses.add(
                    known == null
                            ? new PackUse(id.label(), id.number(), length, table.usedBytes.getOrDefault(ordinal, 0L))
                            : known);
        }
        return uses;
    }

    private static ManifestFacts factsOf(ManifestFacts facts, Label own, List<PackRef> packs) {
        Set<String> owners = new LinkedHashSet<>();
        packs.forEach(pack -> owners.add(idOf(pack).label().value()));
        owners.remove(own.value());
        List<String> parents = new ArrayList<>(
                facts.parents().stream().filter(owners::contains).toList());
        owners.stream().filter(owner -> !parents.contains(owner)).sorted().forEach(parents::add);
        return facts.as(facts.label(), facts.type(), parents, facts.incarnation());
    }
}
