package io.pgbk.archiver.backup;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.RelativePath;
import java.util.concurrent.atomic.LongAdder;

/**
 * What WAL summaries say about a copy: windows that none of them lists need not be read. They are not believed blindly:
 * a sample of those windows is read all the same. A page there that differs from the parent's without a newer LSN was
 * changed without WAL, which hint bits are; one with an LSN of the summaries' range proves that the summaries are wrong.
 * Safe for use by many threads.
 */
final class SummaryGuide implements AutoCloseable {
    /** One of so many windows that could be left out is read. */
    static final int SAMPLE_ONE_IN = 64;

    private final ChangedWindows changes;
    private final Lsn from;
    private final Lsn to;
    private final int sampleOneIn;
    private final long salt;
    private final LongAdder skippedBytes = new LongAdder();
    private final LongAdder readWindows = new LongAdder();
    private final LongAdder hintOnlyPages = new LongAdder();

    /**
     * A guide.
     *
     * @param changes what the summaries list; taken over
     * @param from where the parent's replay begins, and the summaries' range with it
     * @param to where this backup's replay begins
     * @param sampleOneIn one of so many windows is read although it is not listed
     * @param salt makes another sample of every backup
     */
    SummaryGuide(ChangedWindows changes, Lsn from, Lsn to, int sampleOneIn, long salt) {
        this.changes = changes;
        this.from = from;
        this.to = to;
        this.sampleOneIn = sampleOneIn;
        this.salt = salt;
    }

    /** Reads the list from its beginning; for one thread. */
    ChangedWindows.Reader changes() {
        return changes.read();
    }

    /** Whether a window is read although no summary lists it. */
    boolean isSampled(RelativePath file, long offset) {
        // The finaliser of SplitMix64: neighbours get independent values.
        long mixed = salt + file.hashCode() * 0x9E3779B97F4A7C15L + offset;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        mixed ^= mixed >>> 31;
        return Long.remainderUnsigned(mixed, sampleOneIn) == 0;
    }

    /** A window was taken over without being read. */
    void skipped(long bytes) {
        skippedBytes.add(bytes);
    }

    /** A window that no summary lists was read. */
    void read() {
        readWindows.increment();
    }

    /**
     * A page in such a window differs from the parent's.
     *
     * @param block number in the file
     * @param lsn of the live page
     * @throws SummaryDisagreement when a summary should have listed it
     */
    void differs(RelativePath file, long block, Lsn lsn) {
        // The LSN of a page is the end of the last record that changed it; so a record of the range leaves one behind
        // the range's beginning, and not behind its end.
        if (!lsn.isAfter(from)) {
            hintOnlyPages.increment();
        } else if (!lsn.isAfter(to)) {
            throw new SummaryDisagreement("page " + block + " of '" + file + "' was changed at " + lsn
                    + ", and no WAL summary from " + from + " to " + to + " lists it");
        }
    }

    long skippedBytes() {
        return skippedBytes.sum();
    }

    /** Windows that no summary lists and that were read all the same. */
    long readWindows() {
        return readWindows.sum();
    }

    /** Pages in those windows that differ from the parent's without a newer LSN. */
    long hintOnlyPages() {
        return hintOnlyPages.sum();
    }

    @Override
    public void close() {
        changes.close();
    }
}
