package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.manifest.WindowDigests;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Copies work units into packs of its own: reads a piece, verifies its pages, digests it, appends it, or takes from the
 * parent backup what is the same there. One per thread; holds one frame of content beside what its pack writer needs.
 */
final class CopyWorker {
    /** So many files may wait for their shared frame to be sealed before it is sealed early. */
    private static final int MAXIMUM_UNSEALED = 4096;

    private final CopyTotals totals;
    private final RateLimiter limiter;
    private final PackWriter writer;
    private final EntrySorter entries;
    private final @Nullable PageChecker checker;
    private final @Nullable WindowCopier windows;
    private final int frameBytes;
    private final int pageBytes;
    private final TaskMonitor monitor;
    private final byte[] piece;
    private final ByteBuffer pieceBuffer;
    private final WindowDigester digester = new WindowDigester();
    private final Deque<Unsealed> unsealed = new ArrayDeque<>();

    /** A slice that was copied; some of its pieces may not know their place yet. */
    private record Unsealed(CopyFile file, int slice, Pieces pieces, WindowDigests windows) {}

    /**
     * A worker for one thread.
     *
     * @param checker verifies relation pages; null when checksums are off
     * @param windows copies the files that a parent backup has; null without a parent
     * @param buffers with room for {@link #bufferBytes}
     */
    CopyWorker(
            CopyTotals totals,
            RateLimiter limiter,
            PackWriter writer,
            EntrySorter entries,
            @Nullable PageChecker checker,
            @Nullable WindowCopier windows,
            int frameBytes,
            int pageBytes,
            Buffers buffers,
            TaskMonitor monitor) {
        this.totals = totals;
        this.limiter = limiter;
        this.writer = writer;
        this.entries = entries;
        this.checker = checker;
        this.windows = windows;
        this.frameBytes = frameBytes;
        this.pageBytes = pageBytes;
        this.monitor = monitor;
        this.piece = buffers.take(Math.max(frameBytes, FormatLimits.WINDOW_BYTES));
        this.pieceBuffer = ByteBuffer.wrap(piece).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What a worker takes of a share beside its pack writer; half of it is Java's, which copies what a file gives. */
    static long bufferBytes(int frameBytes) {
        return 2 * BufferPool.sizeOf(Math.max(frameBytes, FormatLimits.WINDOW_BYTES));
    }

    /** Copies one unit. */
    void copy(WorkUnit unit) {
        switch (unit) {
            case WorkUnit.Files files -> files.files().forEach(file -> copySlice(file, 0));
            case WorkUnit.Slice slice -> copySlice(slice.file(), slice.slice());
            case WorkUnit.End end -> throw new IllegalArgumentException(end + " cannot be copied");
        }
    }

    /** Copies content that was read already. */
    void copyContent(SourceFile source, byte[] content) {
        digester.update(content, 0, content.length);
        Placement place = writer.append(content, 0, content.length, false);
        totals.read(content.length);
        writer.flush();
        entries.add(CopyFile.entryOf(source, List.of(place.extent()), digester.finish()));
        totals.copied(content.length);
    }

    /** Makes all that was copied durable and hands the last entries on. */
    void finish() {
        writer.flush();
        handOnSealed();
        writer.finish();
        totals.stored(writer.storedBytes());
    }

    private void copySlice(CopyFile file, int slice) {
        if (checker != null) {
            checker.startSlice();
        }
        try {
            ParentFile parent = file.parent().orElse(null);
            Unsealed copied = windows == null || parent == null
                    ? copyPieces(file, slice)
                    : copyWindows(windows, parent, file, slice);
            if (copied == null) {
                return;
            }
            file.sliceRead();
            // What was taken over as a whole waits for nobody.
            if (copied.pieces.isSealed()) {
                handOn(copied);
            } else {
                unsealed.add(copied);
            }
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "'" + file.source().path() + "' cannot be read: " + e.getMessage(),
                    "A read error of the operating system: check the disk.",
                    e);
        }
        if (unsealed.size() >= MAXIMUM_UNSEALED) {
            writer.flush();
        }
        handOnSealed();
    }

    /** Copies a slice; null when the file is not there any more. */
    private @Nullable Unsealed copyPieces(CopyFile file, int slice) throws IOException {
        Optional<FileChannel> channel = file.open();
        if (channel.isEmpty()) {
            return null;
        }
        long start = file.sliceOffset(slice);
        int length = file.sliceLength(slice);
        RelationFile relation = file.source().relation();
        Pieces pieces = new Pieces();
        for (int done = 0; done < length; ) {
            int want = Math.min(frameBytes, length - done);
            if (readChecked(file, channel.get(), start + done, want)) {
                digester.updateZeros(want);
                pieces.add(new Extent.Zeros(want));
            } else {
                digester.update(piece, 0, want);
                pieces.add(writer.append(piece, 0, want, relation != null && want % pageBytes == 0), 0, want);
            }
            done += want;
            monitor.advance(want);
        }
        return new Unsealed(file, slice, pieces, digester.finish());
    }

    /**
     * Copies a slice; null when the file is not there any more. A file of which nothing has to be read is not opened: if
     * it was dropped meanwhile, the WAL drops it again.
     */
    private @Nullable Unsealed copyWindows(WindowCopier copier, ParentFile parent, CopyFile file, int slice)
            throws IOException {
        long start = file.sliceOffset(slice);
        int length = file.sliceLength(slice);
        Pieces pieces = new Pieces();
        List<WindowDigests> digests = new ArrayList<>(1 + length / FormatLimits.WINDOW_BYTES);
        for (int done = 0; done < length; ) {
            int want = Math.min(FormatLimits.WINDOW_BYTES, length - done);
            Optional<WindowDigests> inherited =
                    copier.inherit(parent, file.source().path(), start + done, want, pieces);
            if (inherited.isPresent()) {
                digests.add(inherited.get());
            } else {
                Optional<FileChannel> channel = file.open();
                if (channel.isEmpty()) {
                    return null;
                }
                digests.add(copier.copy(parent, readWindow(file, channel.get(), start + done, want), pieces));
            }
            done += want;
            monitor.advance(want);
        }
        return new Unsealed(file, slice, pieces, WindowDigests.concatenate(digests));
    }

    /** Fills the piece with a window of a file that the parent has too. */
    private WindowCopier.Window readWindow(CopyFile file, FileChannel channel, long position, int want)
            throws IOException {
        RelationFile relation = file.source().relation();
        int got = readPiece(channel, position, want, relation != null);
        WindowCopier.PageCheck check = checker == null || relation == null
                ? null
                : offset -> offset + pageBytes <= got
                        && checker.checkPage(file.source(), relation, channel, pieceBuffer, offset, position);
        return new WindowCopier.Window(file.source().path(), position, piece, want, relation != null, check);
    }

    /**
     * Fills the piece with what the file has there; pages of a relation that were torn are read again.
     *
     * @return whether it is all zero
     */
    private boolean readChecked(CopyFile file, FileChannel channel, long position, int want) throws IOException {
        RelationFile relation = file.source().relation();
        int got = readPiece(channel, position, want, relation != null);
        if (Zeros.isZero(piece, 0, want)) {
            // Each page is new then, which is sound.
            return true;
        }
        if (checker == null || relation == null) {
            return false;
        }
        checker.check(file.source(), relation, channel, pieceBuffer, got, position);
        return Zeros.isZero(piece, 0, want);
    }

    /** Fills the piece; returns how much the file really has there, in whole pages when a relation has shrunk. */
    private int readPiece(FileChannel channel, long position, int want, boolean relation) throws IOException {
        monitor.checkCancelled();
        limiter.acquire(want);
        int got = read(channel, position, want);
        totals.read(got);
        if (!relation || got == want) {
            return got;
        }
        int whole = got - got % pageBytes;
        Arrays.fill(piece, whole, got, (byte) 0);
        return whole;
    }

    /** Fills the piece with what the file has there; what it lost meanwhile becomes zeros. Returns what it had. */
    private int read(FileChannel channel, long position, int want) throws IOException {
        pieceBuffer.clear().limit(want);
        while (pieceBuffer.hasRemaining()) {
            if (channel.read(pieceBuffer, position + pieceBuffer.position()) < 0) {
                break;
            }
        }
        int got = pieceBuffer.position();
        Arrays.fill(piece, got, want, (byte) 0);
        pieceBuffer.clear();
        return got;
    }

    private void handOnSealed() {
        for (Unsealed first = unsealed.peek(); first != null && first.pieces.isSealed(); first = unsealed.peek()) {
            unsealed.remove();
            handOn(first);
        }
    }

    private void handOn(Unsealed sealed) {
        CopyFile file = sealed.file;
        file.sliceSealed(sealed.slice, sealed.pieces, sealed.windows).ifPresent(entry -> {
            entries.add(entry);
            totals.copied(file.size());
        });
    }
}
