package io.pgbk.postgres.files;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/**
 * A tablespace outside the data directory: the link {@code pg_tblspc/<oid>}. Its content follows as entries below this
 * path.
 *
 * @param mode the permission bits of the directory that the link points to
 * @param oid the tablespace, an unsigned number
 * @param target what the link says, each byte shown as one character
 * @param insideDataDirectory whether the link points into the data directory itself (PostgreSQL warns about that)
 */
public record SourceTablespace(
        RelativePath path, Path file, int mode, FileTime modified, int oid, String target, boolean insideDataDirectory)
        implements SourceEntry {}
