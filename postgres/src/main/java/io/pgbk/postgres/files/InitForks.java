package io.pgbk.postgres.files;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Which relations had an init fork at one moment, so which are unlogged.
 *
 * <p>An index of an unlogged table has its main fork while it is built, for hours perhaps, and its init fork from the
 * end of that. When a copy meets the first without the second it takes the file for that of any relation. A recovery
 * that replays the making of the init fork then fails at its end with "could not create file ...: File exists",
 * because it sets unlogged relations up in files that must be new, and removes only those that had an init fork when
 * it began (ResetUnloggedRelations in PostgreSQL's storage/file/reinit.c; pg_basebackup has this gap too). So what was
 * copied is to be looked through once more, as late as possible.
 */
public final class InitForks {
    /** No relation is unlogged. */
    public static final InitForks NONE = new InitForks(Map.of());

    private final Map<RelativePath, UnloggedRelations> byDirectory;

    private InitForks(Map<RelativePath, UnloggedRelations> byDirectory) {
        this.byDirectory = byDirectory;
    }

    /** Whether a directory can hold relations. */
    public static boolean canBeIn(RelativePath directory) {
        return ExclusionRules.isDatabaseDirectory(directory);
    }

    /**
     * Looks into directories, not into those below; a directory that has vanished holds nothing.
     *
     * @throws PgbkException POSTGRES_UNSUITABLE when one cannot be read; INTERRUPTED when the monitor cancels
     */
    public static InitForks in(Map<RelativePath, Path> directories, TaskMonitor monitor) {
        Map<RelativePath, UnloggedRelations> found = new HashMap<>();
        for (Map.Entry<RelativePath, Path> directory : directories.entrySet()) {
            monitor.checkCancelled();
            try {
                UnloggedRelations unlogged = UnloggedRelations.of(DataDirectoryWalk.list(directory.getValue()));
                if (!unlogged.isEmpty()) {
                    found.put(directory.getKey(), unlogged);
                }
            } catch (AccessDeniedException e) {
                throw DataDirectoryWalk.unreadable(e);
            } catch (IOException e) {
                throw new PgbkException(
                        ErrorCode.POSTGRES_UNSUITABLE,
                        "cannot list " + directory.getKey() + ": " + e.getMessage(),
                        null,
                        e);
            }
        }
        return found.isEmpty() ? NONE : new InitForks(found);
    }

    /** Whether there is none. */
    public boolean isEmpty() {
        return byDirectory.isEmpty();
    }

    /** Whether recovery makes this file anew, so that it does not belong to a backup. */
    public boolean rebuild(RelativePath file) {
        if (isEmpty() || file.equals(RelativePath.ROOT)) {
            return false;
        }
        UnloggedRelations unlogged = byDirectory.get(file.parent());
        return unlogged != null
                && RelationFile.parse(file.name()).filter(unlogged::rebuilds).isPresent();
    }
}
