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
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The manifest of one copied backup: what the other one says, with the places in this repository's packs. Memory: one bit
 * for each frame of the packs.
 */
final class ManifestCopier {
    private final Repository target;
    private final Incarnation incarnation;
    private final List<PackCopier.Copied> packs;
    private final TaskMonitor monitor;
    private final List<BitSet> used = new ArrayList<>();

    /** @param packs where those of the other manifest lie in this repository, by ordinal */
    ManifestCopier(Repository target, Incarnation incarnation, List<PackCopier.Copied> packs, TaskMonitor monitor) {
        this.target = target;
        this.incarnation = incarnation;
        this.packs = List.copyOf(packs);
        this.monitor = monitor;
        packs.forEach(_ -> used.add(new BitSet()));
    }

    /** Stored bytes of the frames of a pack that the manifest points at, once it is stored. */
    long usedBytes(int ordinal) {
        PackCopier.Copied pack = packs.get(ordinal);
        return used.get(ordinal).stream()
                .mapToLong(frame -> pack.frames().get(frame).storedLength())
                .sum();
    }

    /** Stores the manifest, whatever those of interrupted copies say: each attempt has a name of its own. */
    ManifestWriter.ManifestRef store(ManifestReader source, String key) {
        try (ObjectUpload upload = target.store().upload(key);
                ManifestWriter manifest = new ManifestWriter(
                        ByteSink.of(upload),
                        target.keys(),
                        key,
                        target.runtime().compression(),
                        target.runtime().random(),
                        factsOf(source),
                        packRefs())) {
            Iterator<FileEntry> files = source.files();
            while (files.hasNext()) {
                monitor.checkCancelled();
                manifest.add(entryOf(files.next()));
            }
            source.pageFailures().forEachRemaining(manifest::add);
            source.relations().forEachRemaining(manifest::add);
            ManifestWriter.ManifestRef written = manifest.finish();
            upload.complete();
            return written;
        }
    }

    private List<PackRef> packRefs() {
        return packs.stream().map(PackCopier.Copied::pack).toList();
    }

    private ManifestFacts factsOf(ManifestReader source) {
        ManifestFacts facts = source.facts();
        return facts.as(facts.label(), facts.type(), facts.parents(), incarnation.number());
    }

    private FileEntry entryOf(FileEntry entry) {
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
                            new Extent.Stored(moved.computeIfAbsent(frame, this::frameOf), offset, bytes);
                    });
        }
        moved.values().forEach(frame -> used.get(frame.pack()).set(frame.number()));
        return FileEntry.file(
                entry.path(), entry.mode(), entry.modifiedMicros(), entry.size(), extents, entry.windows());
    }

    private Extent.Frame frameOf(Extent.Frame frame) {
        PackCopier.Copied pack = packs.get(frame.pack());
        if (frame.number() >= pack.frames().count()
                || pack.frames().get(frame.number()).rawLength() != frame.rawLength()) {
            throw Damage.of(pack.pack().path(), "it has no frame " + frame.number() + " as the manifest names it");
        }
        FrameLocation location = pack.frames().get(frame.number());
        return new Extent.Frame(
                frame.pack(), frame.number(), location.storedOffset(), location.storedLength(), location.rawLength());
    }
}
