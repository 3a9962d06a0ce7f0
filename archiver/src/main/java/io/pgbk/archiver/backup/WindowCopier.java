package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.manifest.WindowDigests;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import java.io.IOException;
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
 *
 * <p>What has the parent's content was verified by the parent, if that verified page checksums and the page was not
 * exempt there because of its LSN: only the rest is verified. Known bad pages are looked at each time.
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
    private final WindowDigester digester = new WindowDigester();

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
        private final boolean relation;
        private final @Nullable PageCheck check;

        /**
         * A window of a file.
         *
         * @param offset in the file, a multiple of the window size
         * @param content the bytes from index 0 to {@code length}; borrowed, and changed by the check
         * @param length the window size, less only at the end of the file
         * @param relation whether it consists of pages
         * @param check verifies its pages; null when there is nothing to verify
         */
        Window(
                RelativePath file,
                long offset,
                byte[] content,
                int length,
                boolean relation,
                @Nullable PageCheck check) {
            this.file = file;
            this.offset = offset;
            this.content = content;
            this.length = length;
            this.relation = relation;
            this.check = check;
        }
    }

    /** Verifies pages of one window. */
    @FunctionalInterface
    interface PageCheck {
        /**
         * Verifies a page, and replaces it when it was sound at a second look.
         *
         * @param offset of the page in the window
         * @return whether it was replaced
         */
        boolean check(int offset) throws IOException;
    }

    /** How a window compares with the parent's. */
    private static final class Comparison {
        private final WindowDigests digests;
        private final boolean zero;
        private final boolean sameWindow;
        private final List<Optional<Extent>> samePages;

        /**
         * A comparison.
         *
         * @param zero whether the window is all zero
         * @param samePages for each whole page of a relation where the parent has it; of no meaning when the whole
         *     window is the same or zero
         */
        Comparison(WindowDigests digests, boolean zero, boolean sameWindow, List<Optional<Extent>> samePages) {
            this.digests = digests;
            this.zero = zero;
            this.sameWindow = sameWindow;
            this.samePages = samePages;
        }

        boolean isSame(int page) {
            return sameWindow || samePages.get(page).isPresent();
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
     * Copies one window of a file that the parent has too. Pages with the parent's content are not verified again.
     *
     * @return its digests
     * @throws SummaryDisagreement when the window shows that WAL summaries are wrong
     * @throws IOException from the window's check only
     */
    WindowDigests copy(ParentFile parent, Window window, Pieces pieces) throws IOException {
        Comparison comparison = compare(parent, window);
        if (window.check != null && check(window.check, parent, window, comparison)) {
            comparison = compare(parent, window);
        }
        if (guide != null && parent.isUnchanged(window.offset)) {
            guide.read();
            judge(guide, parent, window, comparison);
        }
        if (comparison.zero) {
            pieces.add(new Extent.Zeros(window.length));
        } else if (!takeOver(parent, window, comparison, pieces) && !copyPages(parent, window, comparison, pieces)) {
            storeWhole(window, pieces);
        }
        return comparison.digests;
    }

    private Comparison compare(ParentFile parent, Window window) {
        boolean zero = Zeros.isZero(window.content, 0, window.length);
        if (zero) {
            digester.updateZeros(window.length);
        } else {
            digester.update(window.content, 0, window.length);
        }
        WindowDigests digests = digester.finish();
        boolean same = parent.sameWindow(window.offset, window.length, digests);
        return new Comparison(digests, zero, same, same || zero ? List.of() : samePages(parent, window));
    }

    private List<Optional<Extent>> samePages(ParentFile parent, Window window) {
        List<Optional<Extent>> same = new ArrayList<>();
        for (int page = 0; page < pages(window); page++) {
            same.add(samePage(parent, window, page * pageBytes));
        }
        return same;
    }

    private int pages(Window window) {
        return window.relation ? window.length / pageBytes : 0;
    }

    /** Verifies what was not verified by the parent; returns whether some page was replaced. */
    private boolean check(PageCheck check, ParentFile parent, Window window, Comparison comparison) throws IOException {
        if (comparison.zero) {
            return false; // each page is new then, which is sound
        }
        boolean replaced = false;
        for (int page = 0; page < pages(window); page++) {
            int offset = page * pageBytes;
            long block = window.offset / pageBytes + page;
            if (!comparison.isSame(page) || !parent.isVerified(block, PageChecker.lsnOf(window.content, offset))) {
                replaced |= check.check(offset);
            }
        }
        return replaced;
    }

    private boolean takeOver(ParentFile parent, Window window, Comparison comparison, Pieces pieces) {
        if (!comparison.sameWindow || !takeExtents(parent, window.offset, window.length, pieces)) {
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
    private void judge(SummaryGuide summaries, ParentFile parent, Window window, Comparison comparison) {
        if (!parent.hasWindow(window.offset, window.length)
                || comparison.sameWindow
                || comparison.zero
                || !parent.extents(window.offset, window.length).stream().allMatch(parents::isUsable)) {
            return;
        }
        for (int page = 0; page < pages(window); page++) {
            int offset = page * pageBytes;
            long block = window.offset / pageBytes + page;
            // A page of zeros has no LSN: the file was truncated and extended since the backup began.
            if (!Zeros.isZero(window.content, offset, pageBytes)
                    && !comparison.isSame(page)
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
    private boolean copyPages(ParentFile parent, Window window, Comparison comparison, Pieces pieces) {
        if (!window.relation) {
            return false;
        }
        int pages = pages(window);
        int tail = window.length % pageBytes;
        // Of a window that cannot be taken over whole some pages may be usable.
        List<Optional<Extent>> same = comparison.sameWindow ? samePages(parent, window) : comparison.samePages;
        int changedPages = 0;
        for (int page = 0; page < pages; page++) {
            if (same.get(page).isEmpty()) {
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
