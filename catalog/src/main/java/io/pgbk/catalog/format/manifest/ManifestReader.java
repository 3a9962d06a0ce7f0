package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.store.ObjectStore;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Reads a manifest: facts and packs at once, files as a stream or by name. Frames are fetched in ranges of several MiB
 * and checked. Iterators are for one thread each; any number of them may be open.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ManifestReader implements AutoCloseable {
    /**
     * Opens a manifest.
     *
     * @param path key below the prefix
     * @param length stored bytes, from the backup's summary or a listing
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG,
     *     ENCRYPTION_MISMATCH
     */
    public static ManifestReader open(ObjectStore store, KeyRing ring, String path, long length) {
        throw new UnsupportedOperationException();
    }

    /** What is known about the cluster as a whole. */
    public ManifestFacts facts() {
        throw new UnsupportedOperationException();
    }

    /** The packs by ordinal. */
    public List<PackRef> packs() {
        throw new UnsupportedOperationException();
    }

    /** Number of entries. */
    public long fileCount() {
        throw new UnsupportedOperationException();
    }

    /** All entries, ascending by path, read while the iterator moves. */
    public Iterator<FileEntry> files() {
        throw new UnsupportedOperationException();
    }

    /** Entries whose path is not before {@code from}, ascending. */
    public Iterator<FileEntry> filesFrom(Bytes from) {
        throw new UnsupportedOperationException("" + from);
    }

    /** The entry with exactly this path; reads one part of the manifest. */
    public Optional<FileEntry> find(Bytes path) {
        throw new UnsupportedOperationException("" + path);
    }

    /** Page-checksum failures known in any page that the manifest uses. */
    public Iterator<PageFailure> pageFailures() {
        throw new UnsupportedOperationException();
    }

    /** The catalogue snapshot. */
    public Iterator<CatalogRelation> relations() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
