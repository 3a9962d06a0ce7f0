package io.pgbk.postgres.files;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/**
 * A directory to be created by a restore.
 *
 * @param contentExcluded whether what is in it does not belong to the backup (pg_wal, pg_notify, ...)
 */
public record SourceDirectory(RelativePath path, Path file, int mode, FileTime modified, boolean contentExcluded)
        implements SourceEntry {}
