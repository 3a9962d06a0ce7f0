package io.pgbk.postgres.files;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/** Something in the data directory or a tablespace that belongs to a backup. */
public sealed interface SourceEntry permits SourceDirectory, SourceFile, SourceLink, SourceTablespace {
    /** Its place in the backup. */
    RelativePath path();

    /** Where it is now. */
    Path file();

    /** The permission bits, for example 0600. */
    int mode();

    /** When its content was last changed, by the file system's clock. */
    FileTime modified();
}
