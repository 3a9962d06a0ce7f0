package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.task.TaskMonitor;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One reading of a whole manifest before anything is written: sizes for the space check, and the proof that every path
 * stays below the directory.
 *
 * @param files regular files
 * @param bytes their content
 * @param written of that what is not zero and takes space in a new file
 * @param writtenInTablespaces the same by tablespace oid (unsigned, as in the path)
 * @param links symbolic links at the top of the data directory, each byte shown as one character
 */
record ManifestSurvey(long files, long bytes, long written, Map<String, Long> writtenInTablespaces, Set<String> links) {
    private static final int CANCEL_EVERY = 1024;

    static ManifestSurvey of(ManifestReader manifest, String key, TaskMonitor monitor) {
        long files = 0;
        long bytes = 0;
        long written = 0;
        Map<String, Long> tablespaces = new TreeMap<>();
        Set<String> links = new HashSet<>();
        boolean control = false;
        Iterator<FileEntry> entries = manifest.files();
        for (long n = 0; entries.hasNext(); n++) {
            if (n % CANCEL_EVERY == 0) {
                monitor.checkCancelled();
            }
            FileEntry entry = entries.next();
            String path = path(entry, key);
            switch (entry.kind()) {
                case FILE -> {
                    files++;
                    bytes += entry.size();
                    long stored = storedBytes(entry);
                    written += stored;
                    String[] parts = path.split("/", 3);
                    if (parts.length == 3 && parts[0].equals("pg_tblspc")) {
                        tablespaces.merge(parts[1], stored, Long::sum);
                    }
                    control |= path.equals(RestoreRunner.CONTROL);
                }
                case SYMLINK -> {
                    if (!path.contains("/")) {
                        links.add(path);
                    }
                }
                case DIRECTORY -> {}
            }
        }
        if (!control) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "manifest " + key + " has no " + RestoreRunner.CONTROL,
                    "Restore another backup; `pgbk verify` tells which are sound.");
        }
        return new ManifestSurvey(files, bytes, written, tablespaces, links);
    }

    private static long storedBytes(FileEntry entry) {
        long bytes = 0;
        for (Extent extent : entry.extents()) {
            if (extent instanceof Extent.Stored stored) {
                bytes += stored.length();
            }
        }
        return bytes;
    }

    /** The path of an entry, proved to stay below the data directory; each byte shown as one character. */
    static String path(FileEntry entry, String key) {
        String path = new String(entry.path().toArray(), StandardCharsets.ISO_8859_1);
        if (!RelativePath.isAllowed(path) || (path.isEmpty() && entry.kind() != FileKind.DIRECTORY)) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "manifest " + key + " names an impossible path: "
                            + entry.path().text(),
                    "Restore another backup; `pgbk verify` tells which are sound.");
        }
        return path;
    }
}
