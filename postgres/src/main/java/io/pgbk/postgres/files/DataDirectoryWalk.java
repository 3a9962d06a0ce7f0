package io.pgbk.postgres.files;

import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.nio.file.Path;

/** Lists what belongs to a backup of a data directory. */
@SuppressWarnings("DoNotCallSuggester")
public final class DataDirectoryWalk {
    private DataDirectoryWalk() {}

    /**
     * Walks over the data directory and its tablespaces, in ascending order of the paths' bytes.
     *
     * <p>Memory: about 24 bytes for each name in the largest directory and its parents. Files and directories that
     * vanish meanwhile are left out.
     *
     * @throws PgbkException with code POSTGRES_UNSUITABLE when something that a restore would need cannot be read or is
     *     a symbolic link where PostgreSQL allows none; INTERRUPTED when the monitor cancels
     */
    public static void walk(Path dataDirectory, WalkOptions options, WalkVisitor visitor, TaskMonitor monitor) {
        throw new UnsupportedOperationException("not landed yet");
    }
}
