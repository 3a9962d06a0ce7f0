package io.pgbk.catalog.format.manifest;

/** What a manifest entry is. */
public enum FileKind {
    /** A regular file. */
    FILE(0),
    /** A directory. */
    DIRECTORY(1),
    /** A symbolic link with its target. */
    SYMLINK(2);

    private final int code;

    FileKind(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
