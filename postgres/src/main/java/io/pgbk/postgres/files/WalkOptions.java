package io.pgbk.postgres.files;

import java.util.Set;

/**
 * What a walk must know about the server.
 *
 * @param tablespaceVersionDirectory the directory of this version in every tablespace, for example
 *     {@code PG_15_202209061}
 * @param excludedDirectories directories below the data directory whose content is left out by pgbk's own policy, the
 *     server's log directory above all
 */
public record WalkOptions(String tablespaceVersionDirectory, Set<RelativePath> excludedDirectories) {
    public WalkOptions {
        excludedDirectories = Set.copyOf(excludedDirectories);
    }

    /** The options for a version, with the default log directories left out. */
    public static WalkOptions of(int major, int catalogVersion) {
        return new WalkOptions(
                "PG_" + major + "_" + Integer.toUnsignedString(catalogVersion),
                Set.of(new RelativePath("log"), new RelativePath("pg_log")));
    }
}
