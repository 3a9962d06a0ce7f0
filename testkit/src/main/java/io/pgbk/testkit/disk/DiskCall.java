package io.pgbk.testkit.disk;

import java.nio.file.Path;

/**
 * Something that a program asked of a {@link FaultyDisk}.
 *
 * @param number from 0, over all calls since the faults were set
 * @param path of the real file system
 */
public record DiskCall(int number, Operation operation, Path path) {
    /** What was asked. */
    public enum Operation {
        /** A file is opened so that it can be written. */
        OPEN,
        WRITE,
        READ,
        /** The content of a file is made durable. */
        SYNC_FILE,
        /** The names in a directory are made durable. */
        SYNC_DIRECTORY,
        /** A file gets a second name. */
        LINK,
        RENAME,
        CREATE_DIRECTORY,
        TRUNCATE,
        DELETE
    }
}
