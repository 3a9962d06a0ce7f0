package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.format.Bytes;
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
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

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

    /**
     * Stores the manifest. One that an interrupted copy left is removed; where it cannot be (it is locked, or these
     * credentials may not), it is used when it says the same.
     *
     * @throws PgbkException OBJECT_DAMAGED when such a manifest says something else or cannot be read
     */
    ManifestWriter.ManifestRef store(ManifestReader source, BackupWriter writer) {
        String key = writer.manifestKey();
        // What an interrupted copy left: no backup refers to it, and under the lease nobody writes it. A process that
        // slept past its lease would remove the manifest of a backup that another has copied and committed since.
        writer.proveAlive();
        for (DeleteFailure failure : target.store().delete(List.of(key))) {
            OptionalLong length = target.store().findLength(key);
            if (length.isPresent()) {
                return adopt(source, key, length.getAsLong(), failure);
            }
        }
        return write(source, key);
    }

    private ManifestWriter.ManifestRef write(ManifestReader source, String key) {
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

    private ManifestWriter.ManifestRef adopt(ManifestReader source, String key, long length, DeleteFailure failure) {
        try (ManifestReader stored = openWhole(key, length, failure)) {
            if (!stored.facts().equals(factsOf(source))
                    || !stored.packs().equals(packRefs())
                    || !haveSameEntries(source, stored)) {
                throw unusable(key, "it is not the manifest that this copy would write", failure, null);
            }
            long fileBytes = 0;
            Iterator<FileEntry> files = stored.files();
            while (files.hasNext()) {
                fileBytes += files.next().size();
            }
            Bytes sha256 = Bytes.fromHex(target.sha256(key, length));
            return new ManifestWriter.ManifestRef(key, length, sha256, stored.fileCount(), fileBytes);
        }
    }

    /** Opens a manifest of this repository, and reads it to its end. */
    private ManifestReader openWhole(String key, long length, DeleteFailure failure) {
        try {
            ManifestReader stored = ManifestReader.open(target.store(), target.keys(), key, length);
            stored.files().forEachRemaining(_ -> monitor.checkCancelled());
            stored.pageFailures().forEachRemaining(_ -> {});
            stored.relations().forEachRemaining(_ -> {});
            return stored;
        } catch (PgbkException e) {
            throw switch (e.code()) {
                case OBJECT_DAMAGED, FORMAT_TOO_NEW, KEY_WRONG, ENCRYPTION_MISMATCH ->
                    unusable(key, String.valueOf(e.getMessage()), failure, e);
                default -> e;
            };
        }
    }

    private boolean haveSameEntries(ManifestReader source, ManifestReader stored) {
        Iterator<FileEntry> wanted = source.files();
        Iterator<FileEntry> found = stored.files();
        while (wanted.hasNext()) {
            monitor.checkCancelled();
            FileEntry entry = entryOf(wanted.next());
            if (!found.hasNext() || !found.next().equals(entry)) {
                return false;
            }
        }
        return !found.hasNext()
                && areEqual(source.pageFailures(), stored.pageFailures())
                && areEqual(source.relations(), stored.relations());
    }

    private PgbkException unusable(String key, String why, DeleteFailure failure, @Nullable PgbkException cause) {
        return new PgbkException(
                ErrorCode.OBJECT_DAMAGED,
                "object " + key + " of an interrupted copy cannot be used (" + why + ") and not be removed from "
                        + target.displayName() + " (" + failure.reason() + ")",
                "The backup can be copied when that object is removed, or its lock has run out.",
                cause);
    }

    private static <T> boolean areEqual(Iterator<T> one, Iterator<T> other) {
        while (one.hasNext() && other.hasNext()) {
            if (!one.next().equals(other.next())) {
                return false;
            }
        }
        return !one.hasNext() && !other.hasNext();
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
