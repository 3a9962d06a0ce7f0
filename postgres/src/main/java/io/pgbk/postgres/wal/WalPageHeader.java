package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import java.nio.ByteBuffer;

/**
 * The header of a WAL page; the first page of every segment has the long form. All numbers are little-endian.
 *
 * <p>Source: PostgreSQL's access/xlog_internal.h (XLogPageHeaderData, XLogLongPageHeaderData).
 *
 * @param magic identifies the PostgreSQL version
 * @param flags XLP_* bits
 * @param timeline the timeline of the page
 * @param pageLsn the address of its first byte
 * @param remainingBytes how much of a record from earlier pages goes on here
 * @param systemIdentifier the cluster; 0 in the short form
 * @param segmentBytes the segment size; 0 in the short form
 * @param blockBytes the page size; 0 in the short form
 */
record WalPageHeader(
        int magic,
        int flags,
        int timeline,
        Lsn pageLsn,
        long remainingBytes,
        long systemIdentifier,
        int segmentBytes,
        int blockBytes) {
    /** XLOG_BLCKSZ as everybody compiles it. */
    static final int PAGE_BYTES = 8192;

    static final int SHORT_BYTES = 24;
    static final int LONG_BYTES = 40;

    private static final int FIRST_IS_CONTINUATION = 0x0001;
    private static final int LONG_HEADER = 0x0002;
    private static final int FIRST_IS_OVERWRITE = 0x0008;
    private static final int ALL_FLAGS = 0x000F;

    /** Reads the header of the page that starts at index 0 of the (little-endian) buffer. */
    static WalPageHeader read(ByteBuffer page) {
        int flags = Short.toUnsignedInt(page.getShort(2));
        boolean isLong = (flags & LONG_HEADER) != 0;
        return new WalPageHeader(
                Short.toUnsignedInt(page.getShort(0)),
                flags,
                page.getInt(4),
                new Lsn(page.getLong(8)),
                Integer.toUnsignedLong(page.getInt(16)),
                isLong ? page.getLong(24) : 0,
                isLong ? page.getInt(32) : 0,
                isLong ? page.getInt(36) : 0);
    }

    boolean isLong() {
        return (flags & LONG_HEADER) != 0;
    }

    /** The page begins with the rest of a record. */
    boolean isContinuation() {
        return (flags & FIRST_IS_CONTINUATION) != 0;
    }

    /** The record that was unfinished on the page before was given up after a crash. */
    boolean isOverwrite() {
        return (flags & FIRST_IS_OVERWRITE) != 0;
    }

    boolean hasUnknownFlags() {
        return (flags & ~ALL_FLAGS) != 0;
    }

    /**
     * Whether a page cannot come behind one of that timeline: the log ended before it. A server that left a timeline uses
     * its segments again under new names, and one can get the place in the log that it had: what the new timeline has not
     * written over then carries the right addresses. Source: PostgreSQL's xlogreader.c (out-of-sequence timeline ID).
     */
    boolean isBehind(int lastTimeline) {
        return Integer.compareUnsigned(timeline, lastTimeline) < 0;
    }

    int bytes() {
        return isLong() ? LONG_BYTES : SHORT_BYTES;
    }
}
