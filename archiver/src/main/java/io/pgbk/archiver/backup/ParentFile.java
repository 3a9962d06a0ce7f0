package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.WindowDigests;
import io.pgbk.postgres.Lsn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SortedSet;

/** A file as the parent backup has it, found by offset. Safe for use by many threads. */
final class ParentFile {
    private static final int WINDOW_BYTES = FormatLimits.WINDOW_BYTES;

    private final FileEntry entry;
    private final NavigableSet<Long> failures;
    private final Lsn verifiedBefore;
    private final Optional<BitSet> changed;
    private final long[] starts;

    /**
     * A file of the parent.
     *
     * @param failures the pages that are known to fail their checksums; not changed any more
     * @param verifiedBefore the checksums of pages with an older LSN were verified; {@link Lsn#INVALID} when none were
     * @param changed the windows that may have changed since, according to WAL summaries; empty when all may; not
     *     changed any more
     */
    ParentFile(FileEntry entry, NavigableSet<Long> failures, Lsn verifiedBefore, Optional<BitSet> changed) {
        this.entry = entry;
        this.verifiedBefore = verifiedBefore;
        this.changed = changed;
        this.failures = failures;
        this.starts = new long[entry.extents().size()];
        long at = 0;
        for (int i = 0; i < starts.length; i++) {
            starts[i] = at;
            at += entry.extents().get(i).length();
        }
    }

    /** Whether WAL summaries say that the window has not changed since. */
    boolean isUnchanged(long offset) {
        return changed.isPresent() && !changed.get().get(Math.toIntExact(offset / WINDOW_BYTES));
    }

    /** Whether there is a window of this length. */
    boolean hasWindow(long offset, int length) {
        return offset < entry.size() && Math.min(WINDOW_BYTES, entry.size() - offset) == length;
    }

    /** The digests of one window, which must be there. */
    WindowDigests windowDigests(long offset) {
        return entry.windows().window(Math.toIntExact(offset / WINDOW_BYTES));
    }

    /**
     * Whether the file has the same content there.
     *
     * @param offset a multiple of the window size
     * @param length the window's length, shorter than a window only at the end of a file
     * @param digests of one window
     */
    boolean sameWindow(long offset, int length, WindowDigests digests) {
        return hasWindow(offset, length)
                && digests.sameWindow(0, entry.windows(), Math.toIntExact(offset / WINDOW_BYTES));
    }

    /** What the file's bytes are made of there, cut to size; all of them must be inside the file. */
    List<Extent> extents(long offset, int length) {
        List<Extent> result = new ArrayList<>();
        long at = offset;
        long end = offset + length;
        for (int i = indexAt(offset); at < end; i++) {
            Extent extent = entry.extents().get(i);
            int part = (int) Math.min(end - at, starts[i] + extent.length() - at);
            result.add(cut(extent, at - starts[i], part));
            at += part;
        }
        return result;
    }

    /** The place of one page; empty when the file does not have it, or not in one piece. */
    Optional<Extent> page(long offset, int pageBytes) {
        if (offset + pageBytes > entry.size()) {
            return Optional.empty();
        }
        int i = indexAt(offset);
        Extent extent = entry.extents().get(i);
        long skip = offset - starts[i];
        return skip + pageBytes <= extent.length() ? Optional.of(cut(extent, skip, pageBytes)) : Optional.empty();
    }

    /** The pages there that are known to fail their checksums. */
    SortedSet<Long> failures(long offset, int length, int pageBytes) {
        return failures.subSet(offset / pageBytes, (offset + length + pageBytes - 1) / pageBytes);
    }

    /**
     * Whether the checksum of a page with the parent's content is known to be right.
     *
     * @param block number in the file
     * @param lsn of the page
     */
    boolean isVerified(long block, Lsn lsn) {
        return lsn.isBefore(verifiedBefore) && !failures.contains(block);
    }

    private int indexAt(long offset) {
        int found = Arrays.binarySearch(starts, offset);
        return found >= 0 ? found : -found - 2;
    }

    private static Extent cut(Extent extent, long skip, int length) {
        return switch (extent) {
            case Extent.Zeros _ -> new Extent.Zeros(length);
            case Extent.Stored(Extent.Frame frame, int offsetInFrame, int _) ->
                new Extent.Stored(frame, offsetInFrame + Math.toIntExact(skip), length);
        };
    }
}
