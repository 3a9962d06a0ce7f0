package io.pgbk.postgres;

/** What a page's header and checksum say about it. */
public enum PageVerdict {
    /** The checksum is right. */
    SOUND,
    /** A new page that was never filled: all zero. */
    ZERO,
    /** Written after the backup began: replay restores it whole, whatever was read. */
    EXEMPT,
    /** The checksum is wrong, or a page that claims to be new is not all zero. Read it again before believing it. */
    WRONG;

    /** Whether the page must be read again, and reported when it stays so. */
    public boolean isSuspect() {
        return this == WRONG;
    }
}
