package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.WindowDigests;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides, window by window, what of a file is taken over from the parent backup, and appends the rest. For use by one
 * thread; holds one window of content.
 *
 * <p>A window with the parent's digests (XXH3-128 and CRC-32C) is taken over whole. In a relation's window that differs,
 * each page is compared with the parent's by its seeded digest, and the pages that differ are stored: right for every
 * kind of change, whether it was logged, moved the page's LSN, or not. Where the pages claim to be the parent's although
 * the window is not, the window is stored whole; so is one that would need pieces of more than {@link #MOST_FRAMES}
 * stored frames, which bounds what a restore has to fetch.
 */
final class WindowCopier {
    /** Stored frames that make up one window. */
    static final int MOST_FRAMES = 4;

    private final ParentPacks parents;
    private final PackReader reader;
    private final PackWriter writer;
    private final PageFailures failures;
    private final int frameBytes;
    private final int pageBytes;
    private final @Nullable SummaryGuide guide;
    private final byte[] changed;

    /**
     * A copier for one thread.
     *
     * @param reader of this thread, used for page digests
     * @param writer of this thread
     * @param failures takes the known failures of pages that are taken over
     * @param guide what WAL summaries say; null when everything is to be read
     * @param buffers with room for {@link #bufferBytes}
     */
    WindowCopier(
            ParentPacks parents,
            PackReader reader,
            PackWriter writer,
            PageFailures failures,
            int frameBytes,
            int pageBytes,
            @Nullable SummaryGuide guide,
            Buffers buffers) {
        this.parents = parents;
        this.reader = reader;
        this.writer = writer;
        this.failures = failures;
        this.frameBytes = frameBytes;
        this.pageBytes = pageBytes;
        this.guide = guide;
        this.changed = buffers.take(FormatLimits.WINDOW_BYTES);
    }

    /** What a copier takes of a share. */
    static long bufferBytes() {
        return BufferPool.sizeOf(FormatLimits.WINDOW_BYTES);
    }

    /** A window as it was read. */
    static final class Window {
        private final RelativePath file;
        private final long offset;
        private final byte[] content;
        private final int length;
        private final WindowDigests digests;
        private final boolean relation;

        /**
         * A window of a file.
         *
         * @param offset in the file, a multiple of the window size
         * @param content the bytes from index 0 to {@code length}; borrowed
         * @param length the window size, less only at the end of the file
         * @param digests of this window
         * @param relation whether it consists of pages
         */
        Window(RelativePath file, long offset, byte[] content, int length, WindowDigests digests, boolean relation) {
            this.file = file;
            this.offset = offset;
            this.content = content;
            this.length = length;
            this.digests = digests;
            this.relation = relation;
        }
    }

    /**
     * Takes a window over without having read it, when WAL summaries say that it has not changed.
     *
     * @return its digests; empty when it is to be read
     */
    Optional<WindowDigests> inherit(ParentFile parent, RelativePath file, long offset, int length, Pieces pieces) {
        if (guide == null
                || !parent.isUnchanged(offset)
                || !parent.hasWindow(offset, length)
                || !parent.failures(offset, length, pageBytes).isEmpty() // may be sound again
                || guide.isSampled(file, offset)
                || !takeExtents(parent, offset, length, pieces)) {
            return Optional.empty();
        }
        guide.skipped(length);
        return Optional.of(parent.windowDigests(offset));
    }

    /**
     * Copies one window of a file that the parent has too.
     *
     * @throws SummaryDisagreement when the window shows that WAL summaries are wrong
     */
    void copy(ParentFile parent, Window window, Pieces pieces) {
        if (guide != null && parent.isUnchanged(window.offset)) {
            guide.read();
            judge(guide, parent, window);
        }
        if (Zeros.isZero(window.content, 0, window.length)) {
            pieces.add(new Extent.Zeros(window.length));
        } else if (!takeOver(parent, window, pieces) && !(window.relation && copyPages(parent, window, pieces))) {
            storeWhole(window, pieces);
        }
    }

    private boolean takeOver(ParentFile parent, Window window, Pieces pieces) {
        if (!parent.sameWindow(window.offset, window.length, window.digests)
                || !takeExtents(parent, window.offset, window.length, pieces)) {
            return false;
        }
        parent.failures(window.offset, window.length, pageBytes).forEach(block -> failures.add(window.file, block));
        return true;
    }

    /** Takes the parent's bytes over; does nothing when some of them may not be used. */
    private boolean takeExtents(ParentFile parent, long offset, int length, Pieces pieces) {
        List<Extent> extents = parent.extents(offset, length);
        if (framesOf(extents) > MOST_FRAMES || !extents.stream().allMatch(parents::isUsable)) {
            return false;
        }
        extents.forEach(extent -> pieces.add(parents.take(extent)));
        return true;
    }

    /** Looks for pages that differ although no WAL summary lists the window; bad pages prove nothing. */
    private void judge(SummaryGuide summaries, ParentFile parent, Window window) {
        if (!window.relation
                || !parent.hasWindow(window.offset, window.length)
                || parent.sameWindow(window.offset, window.length, window.digests)
                || !parent.extents(window.offset, window.length).stream().allMatch(parents::isUsable)) {
            return;
        }
        for (int offset = 0; offset + pageBytes <= window.length; offset += pageBytes) {
            long block = (window.offset + offset) / pageBytes;
            // A page of zeros has no LSN: the file was truncated and extended since the backup began.
            if (!Zeros.isZero(window.content, offset, pageBytes)
                    && samePage(parent, window, offset).isEmpty()
                    && !failures.contains(window.file, block)) {
                summaries.differs(window.file, block, PageChecker.lsnOf(window.content, offset));
            }
        }
    }

    private static int framesOf(List<Extent> extents) {
        Set<Extent.Frame> frames = new HashSet<>();
        for (Extent extent : extents) {
            if (extent instanceof Extent.Stored(Extent.Frame frame, int _, int _)) {
                frames.add(frame);
            }
        }
        return frames.size();
    }

    /** Stores the pages that differ; does nothing when the window is to be stored whole. */
    private boolean copyPages(ParentFile parent, Window window, Pieces pieces) {
        int pages = window.length / pageBytes;
        int tail = window.length % pageBytes;
        List<Optional<Extent>> same = new ArrayList<>(pages);
        int changedPages = 0;
        for (int page = 0; page < pages; page++) {
            Optional<Extent> place = samePage(parent, window, page * pageBytes);
            same.add(place);
            if (place.isEmpty()) {
                System.arraycopy(window.content, page * pageBytes, changed, changedPages * pageBytes, pageBytes);
                changedPages++;
            }
        }
        int changedBytes = changedPages * pageBytes;
        int frames = framesOf(same.stream().flatMap(Optional::stream).toList())
                + (changedBytes + frameBytes - 1) / frameBytes
                + (tail > 0 ? 1 : 0);
        if (changedPages == pages || changedBytes + tail == 0 || frames > MOST_FRAMES) {
            return false;
        }
        List<Placement> places = append(changed, 0, changedBytes, true);
        int at = 0;
        for (int page = 0; page < pages; page++) {
            Optional<Extent> place = same.get(page);
            if (place.isPresent()) {
                pieces.add(parents.take(place.get()));
                long block = window.offset / pageBytes + page;
                parent.failures(block * pageBytes, pageBytes, pageBytes)
                        .forEach(failing -> failures.add(window.file, failing));
            } else {
                pieces.add(places.get(at / frameBytes), at % frameBytes, pageBytes);
                at += pageBytes;
            }
        }
        if (tail > 0) {
            pieces.add(writer.append(window.content, pages * pageBytes, tail, false), 0, tail);
        }
        return true;
    }

    /** Where the parent has the same page; empty when it has another or none that may be taken over. */
    private Optional<Extent> samePage(ParentFile parent, Window window, int offset) {
        return parent.page(window.offset + offset, pageBytes).filter(extent -> switch (extent) {
            case Extent.Zeros _ -> Zeros.isZero(window.content, offset, pageBytes);
            case Extent.Stored(Extent.Frame frame, int offsetInFrame, int _) -> {
                if (!parents.isUsable(extent)) {
                    yield false;
                }
                Optional<PageDigests> digests =
                        parents.digests(frame.pack(), reader).filter(known -> known.pageBytes() == pageBytes);
                yield digests.isPresent()
                        && digests.get().find(frame.number(), offsetInFrame).stream()
                                .anyMatch(digest -> digest == digests.get().digest(window.content, offset));
            }
        });
    }

    private void storeWhole(Window window, Pieces pieces) {
        int whole = window.relation ? window.length - window.length % pageBytes : window.length;
        int at = 0;
        for (Placement place : append(window.content, 0, whole, window.relation)) {
            int length = Math.min(frameBytes, whole - at);
            pieces.add(place, 0, length);
            at += length;
        }
        if (whole < window.length) {
            pieces.add(writer.append(window.content, whole, window.length - whole, false), 0, window.length - whole);
        }
    }

    /** Appends in pieces of the frame size, the last one shorter. */
    private List<Placement> append(byte[] content, int offset, int length, boolean pages) {
        List<Placement> places = new ArrayList<>();
        for (int done = 0; done < length; done += frameBytes) {
            places.add(writer.append(content, offset + done, Math.min(frameBytes, length - done), pages));
        }
        return places;
    }
}
