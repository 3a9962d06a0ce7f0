package io.pgbk.postgres.files;

import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * A regular file.
 *
 * @param size its length in bytes when it was seen
 * @param relation what its name says when it holds pages of a relation, otherwise null
 */
public record SourceFile(
        RelativePath path,
        Path file,
        int mode,
        FileTime modified,
        long size,
        @Nullable RelationFile relation) implements SourceEntry {
    private static final RelativePath CONTROL = new RelativePath("global/pg_control");

    /** Whether this is pg_control, which is read after all others and with care for torn writes. */
    public boolean isControlFile() {
        return path.equals(CONTROL);
    }
}
