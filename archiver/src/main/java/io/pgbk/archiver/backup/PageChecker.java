package io.pgbk.archiver.backup;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PageChecksum;
import io.pgbk.postgres.PageVerdict;
import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Verifies the pages of relation files as they are read. PostgreSQL may be writing a page at the same moment, so a wrong
 * one is read again, several times with growing pauses; only a page that stays wrong is recorded, and the copy goes on
 * with it. Pages written after the backup began are exempt, since replay restores them whole.
 *
 * <p>Free space maps are written without a new LSN and PostgreSQL repairs them itself: a wrong page there is a warning.
 *
 * <p>For use by one thread; the failures may be shared.
 */
final class PageChecker {
    private static final int PAGE = PageChecksum.PAGE_BYTES;
    private static final byte[] NEW_PAGE = new byte[PAGE];
    private static final int ATTEMPTS = 5;
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    /** After so many wrong pages in one slice the disk is bad, and pauses would only make the backup endless. */
    private static final int PAUSES_PER_SLICE = 64;

    private final Lsn startLsn;
    private final int relationSegmentBlocks;
    private final PageFailures failures;
    private final FuturePages future;
    private final TaskMonitor monitor;
    private final ByteBuffer again = ByteBuffer.allocate(PAGE);
    private int pauses;

    PageChecker(
            Lsn startLsn, int relationSegmentBlocks, PageFailures failures, FuturePages future, TaskMonitor monitor) {
        this.startLsn = startLsn;
        this.relationSegmentBlocks = relationSegmentBlocks;
        this.failures = failures;
        this.future = future;
        this.monitor = monitor;
    }

    /** Tells that another file or slice of a file begins. */
    void startSlice() {
        pauses = 0;
    }

    /**
     * Checks all whole pages in the buffer and replaces those that were sound at a second look.
     *
     * @param content the bytes of the file from {@code fileOffset} on, {@code length} of them from index 0
     * @param realLength how many of them really were in the file; what follows is padding
     */
    void check(
            SourceFile file,
            RelationFile relation,
            FileChannel channel,
            ByteBuffer content,
            int realLength,
            long fileOffset)
            throws IOException {
        for (int offset = 0; offset + PAGE <= realLength; offset += PAGE) {
            checkPage(file, relation, channel, content, offset, fileOffset);
        }
    }

    /**
     * Checks one page in the buffer and replaces it when it was sound at a second look.
     *
     * @param content the bytes of the file from {@code fileOffset} on
     * @param offset of the page in {@code content}
     * @return whether it was replaced
     */
    boolean checkPage(
            SourceFile file,
            RelationFile relation,
            FileChannel channel,
            ByteBuffer content,
            int offset,
            long fileOffset)
            throws IOException {
        int block = Math.toIntExact((fileOffset + offset) / PAGE);
        int blockInFork = relation.segment() * relationSegmentBlocks + block;
        return switch (PageChecksum.judge(content, offset, blockInFork, startLsn)) {
            case SOUND, ZERO -> false;
            case EXEMPT -> {
                future.note(file.path(), block, lsnOf(content, offset));
                yield false;
            }
            case WRONG -> readAgain(file, relation, channel, content, offset, block, blockInFork);
        };
    }

    private boolean readAgain(
            SourceFile file,
            RelationFile relation,
            FileChannel channel,
            ByteBuffer content,
            int offset,
            int block,
            int blockInFork)
            throws IOException {
        long pause = FIRST_PAUSE_NANOS;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (attempt > 0 && pauses < PAUSES_PER_SLICE) {
                pauses++;
                LockSupport.parkNanos(pause);
                pause *= 4;
            }
            if (!readPage(channel, (long) block * PAGE)) {
                // Truncated meanwhile: replay truncates it too.
                content.put(offset, NEW_PAGE, 0, PAGE);
                return true;
            }
            PageVerdict verdict = PageChecksum.judge(again, 0, blockInFork, startLsn);
            if (!verdict.isSuspect()) {
                content.put(offset, again, 0, PAGE);
                if (verdict == PageVerdict.EXEMPT) {
                    future.note(file.path(), block, lsnOf(again, 0));
                }
                return true;
            }
        }
        content.put(offset, again, 0, PAGE);
        if (relation.fork() == RelationFile.Fork.FREE_SPACE_MAP) {
            monitor.warn("page " + block + " of the free space map '" + file.path()
                    + "' fails its checksum; PostgreSQL will rebuild it");
            return true;
        }
        failures.add(file.path(), block);
        if (failures.count() <= 10) {
            monitor.warn("page " + block + " of '" + file.path() + "' fails its checksum");
        }
        return true;
    }

    private boolean readPage(FileChannel channel, long position) throws IOException {
        again.clear();
        while (again.hasRemaining()) {
            if (channel.read(again, position + again.position()) < 0) {
                return false;
            }
        }
        again.clear();
        return true;
    }

    /** The LSN of a page, the end of the last record that changed it. */
    static Lsn lsnOf(byte[] content, int offset) {
        return lsnOf(ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN), offset);
    }

    /** pd_lsn: two 32-bit halves, the high one first, each in the machine's order (storage/bufpage.h). */
    private static Lsn lsnOf(ByteBuffer page, int offset) {
        long high = Integer.toUnsignedLong(littleEndian(page, offset));
        long low = Integer.toUnsignedLong(littleEndian(page, offset + 4));
        return new Lsn(high << 32 | low);
    }

    private static int littleEndian(ByteBuffer page, int offset) {
        int value = page.getInt(offset);
        return page.order() == ByteOrder.LITTLE_ENDIAN ? value : Integer.reverseBytes(value);
    }
}
