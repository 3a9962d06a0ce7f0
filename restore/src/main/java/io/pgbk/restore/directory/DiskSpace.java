package io.pgbk.restore.directory;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Adds up what a restore needs on each file system and compares it with what is free. */
public final class DiskSpace {
    private final Map<FileStore, Long> needed = new LinkedHashMap<>();
    private final Map<FileStore, Path> places = new LinkedHashMap<>();

    /** So many bytes will be written below this directory, which may not exist yet. */
    public void need(Path directory, long bytes) throws IOException {
        Path existing = directory;
        while (!Files.exists(existing)) {
            Path parent = existing.getParent();
            if (parent == null) {
                return;
            }
            existing = parent;
        }
        FileStore store = Files.getFileStore(existing);
        needed.merge(store, bytes, Long::sum);
        places.putIfAbsent(store, directory);
    }

    /**
     * Refuses when a file system is too small.
     *
     * @throws PgbkException NO_SPACE
     */
    public void check() throws IOException {
        for (Map.Entry<FileStore, Long> entry : needed.entrySet()) {
            long free = entry.getKey().getUsableSpace();
            if (free < entry.getValue()) {
                throw new PgbkException(
                        ErrorCode.NO_SPACE,
                        "the file system of " + FileNames.display(places.getOrDefault(entry.getKey(), Path.of("/")))
                                + " has " + free + " bytes free, the restore needs " + entry.getValue(),
                        "Free some space, or move tablespaces elsewhere with --tablespace.");
            }
        }
    }
}
