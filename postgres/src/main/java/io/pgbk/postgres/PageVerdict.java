package io.pgbk.postgres;

/** What a page's header and checksum say about it. */
public enum PageVerdict {
    /** The checksum is right. */
    SOUND,
    /** A new page that was never filled: all zero. */
    ZERO,
    /**
     * The checksum is wrong, but the page was written after the backup began: replay restores it whole, whatever was
     * read. Only true while its LSN is not behind the backup's end: who knows that end checks it.
     */
    EXEMPT,
    /** The checksum is wrong, or a page that claims to be new is not all zero. Read it again before believing it. */
    WRONG;

    /** Whether the page must be read again, and reported when it stays so. */
    public boolean isSuspect() {
        return this == WRONG;
    }
}
