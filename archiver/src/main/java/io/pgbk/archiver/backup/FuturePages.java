package io.pgbk.archiver.backup;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.RelativePath;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The pages with the highest LSNs among those that were not checked because they seemed to be written after the backup
 * began. Replay repairs such a page, unless its LSN is garbage: a page can be no newer than the end of the backup.
 * Safe for use by many threads; keeps at most {@link #LIMIT} pages.
 */
final class FuturePages {
    static final int LIMIT = 1000;

    private final PriorityQueue<Page> newest = new PriorityQueue<>(Comparator.comparing(Page::lsn));
    private volatile Lsn floor = Lsn.INVALID;

    /** A page and the LSN in its header. */
    record Page(RelativePath file, long block, Lsn lsn) {}

    /** Notes a page that was not checked. */
    void note(RelativePath file, long block, Lsn lsn) {
        if (lsn.isAfter(floor)) {
            insert(new Page(file, block, lsn));
        }
    }

    private synchronized void insert(Page page) {
        newest.add(page);
        if (newest.size() > LIMIT) {
            newest.remove();
            floor = newest.element().lsn();
        }
    }

    /** The noted pages that claim to be newer than the end of the backup. */
    synchronized List<Page> after(Lsn stopLsn) {
        List<Page> late = new ArrayList<>();
        for (Page page : newest) {
            if (page.lsn().isAfter(stopLsn)) {
                late.add(page);
            }
        }
        late.sort(Comparator.comparing(Page::file).thenComparingLong(Page::block));
        return late;
    }
}
