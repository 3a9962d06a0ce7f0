package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.pack.PackRef;
import java.security.SecureRandom;
import java.util.List;

/**
 * Writes a manifest as a stream: facts and packs first, then the files in the order of their paths' bytes, then page
 * failures and the catalogue snapshot in any order. Memory: one frame and the first-path index (some 50 bytes per MiB of
 * manifest).
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ManifestWriter {
    public ManifestWriter(
            ByteSink sink,
            KeyRing ring,
            String path,
            Compression compression,
            SecureRandom random,
            ManifestFacts facts,
            List<PackRef> packs) {
        throw new UnsupportedOperationException();
    }

    /** Adds the next file; paths must ascend. */
    public void add(FileEntry entry) {
        throw new UnsupportedOperationException();
    }

    /** Adds a page failure. */
    public void add(PageFailure failure) {
        throw new UnsupportedOperationException();
    }

    /** Adds a line of the catalogue snapshot. */
    public void add(CatalogRelation relation) {
        throw new UnsupportedOperationException();
    }

    /** Ends the object; returns its identity for the commit. */
    public ManifestRef finish() {
        throw new UnsupportedOperationException();
    }

    /**
     * A complete manifest as the backup's summary names it.
     *
     * @param path key below the prefix
     * @param length stored bytes
     * @param sha256 of the stored object
     */
    public record ManifestRef(String path, long length, Bytes sha256, long files, long fileBytes) {}
}
