package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.EnvelopeReader;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.store.ObjectStore;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a manifest: facts and packs at once, files as a stream or by name. Frames are fetched in ranges of several MiB
 * and checked. Safe for use by many threads; each iterator is for one.
 */
public final class ManifestReader implements AutoCloseable {
    private final String path;
    private final ManifestIndex index;
    private final PartReader parts;
    private final ManifestFacts facts;
    private final List<PackRef> packs;

    private ManifestReader(String path, ManifestIndex index, PartReader parts) {
        this.path = path;
        this.index = index;
        this.parts = parts;
        Iterator<ManifestFacts> found = parts.records(index.parts(SectionType.FACTS), in -> FactsCodec.read(in, path));
        if (!found.hasNext()) {
            throw Damage.of(path, "it lacks the facts about the cluster");
        }
        this.facts = found.next();
        List<PackRef> all = new ArrayList<>();
        parts.records(index.parts(SectionType.PACKS), in -> PackRefCodec.read(in, path))
                .forEachRemaining(all::add);
        this.packs = List.copyOf(all);
    }

    /**
     * Opens a manifest.
     *
     * @param path key below the prefix
     * @param length stored bytes, from the backup's summary or a listing
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG
     */
    public static ManifestReader open(ObjectStore store, KeyRing ring, String path, long length) {
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeReader reader = EnvelopeReader.open(store, ring, ObjectKind.MANIFEST, path, length, codec);
            ManifestIndex index =
                    ManifestIndex.parse(reader.kindIndex(), reader.frames().count(), path);
            PartReader parts = new PartReader(store, ring, path, reader.header().encode(), reader.frames());
            return new ManifestReader(path, index, parts);
        }
    }

    /** What is known about the cluster as a whole. */
    public ManifestFacts facts() {
        return facts;
    }

    /** The packs by ordinal. */
    public List<PackRef> packs() {
        return packs;
    }

    /** Number of entries. */
    public long fileCount() {
        return index.records(SectionType.FILES);
    }

    /** All entries, ascending by path, read while the iterator moves. */
    public Iterator<FileEntry> files() {
        return entries(index.parts(SectionType.FILES));
    }

    /** Entries whose path is not before {@code from}, ascending. */
    public Iterator<FileEntry> filesFrom(Bytes from) {
        List<ManifestIndex.Part> all = index.parts(SectionType.FILES);
        Iterator<FileEntry> entries = entries(all.subList(partOf(all, from), all.size()));
        return new Iterator<>() {
            private @Nullable FileEntry first = skip();

            private @Nullable FileEntry skip() {
                while (entries.hasNext()) {
                    FileEntry entry = entries.next();
                    if (entry.path().compareTo(from) >= 0) {
                        return entry;
                    }
                }
                return null;
            }

            @Override
            public boolean hasNext() {
                return first != null || entries.hasNext();
            }

            @Override
            public FileEntry next() {
                FileEntry result = first;
                if (result == null) {
                    if (!entries.hasNext()) {
                        throw new NoSuchElementException();
                    }
                    return entries.next();
                }
                first = null;
                return result;
            }
        };
    }

    /** The entry with exactly this path; reads one part of the manifest. */
    public Optional<FileEntry> find(Bytes wanted) {
        List<ManifestIndex.Part> all = index.parts(SectionType.FILES);
        if (all.isEmpty()) {
            return Optional.empty();
        }
        int part = partOf(all, wanted);
        Iterator<FileEntry> entries = entries(all.subList(part, part + 1));
        while (entries.hasNext()) {
            FileEntry entry = entries.next();
            if (entry.path().equals(wanted)) {
                return Optional.of(entry);
            }
        }
        return Optional.empty();
    }

    /** The last part whose first path is not after the wanted one, else the first. */
    private static int partOf(List<ManifestIndex.Part> all, Bytes wanted) {
        int low = 0;
        int high = all.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (all.get(middle).firstPath().compareTo(wanted) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return Math.max(0, high);
    }

    private Iterator<FileEntry> entries(List<ManifestIndex.Part> wanted) {
        int packCount = packs.size();
        Iterator<FileEntry> records = parts.records(wanted, in -> FileEntryCodec.read(in, packCount, path));
        return new Iterator<>() {
            private @Nullable Bytes last;

            @Override
            public boolean hasNext() {
                return records.hasNext();
            }

            @Override
            public FileEntry next() {
                FileEntry entry = records.next();
                if (last != null && last.compareTo(entry.path()) >= 0) {
                    throw Damage.of(
                            path,
                            "its entries are not in order at " + entry.path().text());
                }
                last = entry.path();
                return entry;
            }
        };
    }

    /** Page-checksum failures known in any page that the manifest uses. */
    public Iterator<PageFailure> pageFailures() {
        return parts.records(index.parts(SectionType.PAGE_FAILURES), in -> new PageFailure(in.bytes(), in.length()));
    }

    /** The catalogue snapshot. */
    public Iterator<CatalogRelation> relations() {
        return parts.records(index.parts(SectionType.RELATIONS), in -> {
            int databaseOid = in.u32();
            int oid = in.u32();
            int filenode = in.u32();
            int tablespaceOid = in.u32();
            return new CatalogRelation(databaseOid, in.text(), in.text(), in.text(), oid, filenode, tablespaceOid);
        });
    }

    /** Releases nothing today: every read opens and closes its own. */
    @Override
    public void close() {}
}
