package io.pgbk.catalog.format.manifest;

import java.nio.file.Path;
import java.util.Iterator;

/**
 * Brings entries that finish in any order into the order of their paths, in bounded memory: beyond the limit sorted runs
 * go to temporary files. Safe for use by many threads while adding.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class EntrySorter implements AutoCloseable {
    /**
     * A sorter.
     *
     * @param temporaryDirectory where runs go when the limit is reached
     * @param memoryBytes encoded entries kept in memory
     */
    public EntrySorter(Path temporaryDirectory, long memoryBytes) {
        throw new UnsupportedOperationException("" + temporaryDirectory + memoryBytes);
    }

    /** Takes an entry. */
    public void add(FileEntry entry) {
        throw new UnsupportedOperationException("" + entry);
    }

    /**
     * All entries in order; nothing may be added afterwards.
     *
     * @throws IllegalStateException while iterating, when two entries have one path
     */
    public Iterator<FileEntry> sorted() {
        throw new UnsupportedOperationException();
    }

    /** Removes the temporary files. */
    @Override
    public void close() {}
}
