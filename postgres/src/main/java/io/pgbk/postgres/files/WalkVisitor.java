package io.pgbk.postgres.files;

import java.io.IOException;

/** Takes what a {@link DataDirectoryWalk} finds. */
@FunctionalInterface
public interface WalkVisitor {
    /** The next entry, in ascending order of the paths' bytes; a directory comes before its content. */
    void entry(SourceEntry entry) throws IOException;

    /** Something that the operator should know: a link, a tablespace inside the data directory. */
    default void warning(RelativePath path, String message) {}
}
