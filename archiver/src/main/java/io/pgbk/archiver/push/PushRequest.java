package io.pgbk.archiver.push;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One call of archive_command.
 *
 * @param argument what PostgreSQL put in the place of {@code %p}
 * @param workingDirectory the current directory; PostgreSQL's is the data directory
 * @param dataDirectory {@code postgres.data-directory}; null when not configured
 */
public record PushRequest(
        String argument, Path workingDirectory, @Nullable Path dataDirectory) {}
