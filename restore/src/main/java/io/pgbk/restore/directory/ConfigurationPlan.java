package io.pgbk.restore.directory;

import io.pgbk.catalog.format.Bytes;
import java.util.List;

/**
 * What becomes of PostgreSQL's configuration files.
 *
 * @param copies files that lay outside the data directory and go into {@link #DIRECTORY}, for people to look at
 * @param generated files that are written into the data directory because nothing else gives the server a valid one
 * @param overrides lines added to the end of the restored postgresql.conf, where paths of the old machine would
 *     otherwise lead the server elsewhere
 */
public record ConfigurationPlan(List<File> copies, List<File> generated, List<Setting> overrides) {
    /** Where copies go, below the data directory. */
    public static final String DIRECTORY = "pgbk.config";

    /** A file by its path below the data directory (each byte shown as one character). */
    public record File(String path, Bytes content) {}

    public ConfigurationPlan {
        copies = List.copyOf(copies);
        generated = List.copyOf(generated);
        overrides = List.copyOf(overrides);
    }
}
