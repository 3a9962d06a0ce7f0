package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.task.ScratchBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Some consecutive windows of one file: what is wrong in them, which stored pieces make them right, and which of them
 * were proved right since.
 */
final class Slice {
    static final int WINDOW_BYTES = 256 << 10;
    /** 32 MiB of a file: enough to keep a thread busy, little enough to spread a big file over all. */
    static final int WINDOWS = 128;
    /** So many blocks. */
    static final int BLOCKS = WINDOWS / Block.WINDOWS;

    private final FileEntry entry;
    private final String path;
    private final Path place;
    private final int first;
    private final int end;
    private final BitSet unproved;

    /**
     * A stored piece and where it goes in the file.
     *
     * @param block in which it is put together with others; null when it is written by itself
     */
    record Piece(
            Slice slice,
            Extent.Stored extent,
            int skip,
            int length,
            long fileOffset,
            @Nullable Block block) {
        /** Where the piece begins in its frame's content. */
        int offsetInFrame() {
            return extent.offsetInFrame() + skip;
        }

        /** A part of a piece that was in no block yet. */
        Piece part(int from, int partLength, @Nullable Block partBlock) {
            return new Piece(slice, extent, skip + from, partLength, fileOffset + from, partBlock);
        }

        /**
         * Writes the piece, or the block that it completes, when the windows are right.
         *
         * @param raw the content of the piece's frame
         * @throws PgbkException OBJECT_DAMAGED; then nothing of a wrong window that is whole in memory was written
         */
        void put(byte[] raw, PieceWriter writer, BlockMemory memory, String label) throws IOException {
            if (block == null) {
                slice.prove(this, raw, label);
                writer.write(slice.place, slice.entry.mode(), fileOffset, raw, offsetInFrame(), length);
            } else if (block.put(this, raw)) {
                block.finish(writer, memory, label);
            }
        }
    }

    private Slice(FileEntry entry, String path, Path place, int first, int end) {
        this.entry = entry;
        this.path = path;
        this.place = place;
        this.first = first;
        this.end = end;
        this.unproved = new BitSet(end - first);
        this.unproved.set(0, end - first);
    }

    /** The slices of a file; an empty file has one without windows. */
    static List<Slice> of(FileEntry entry, String path, Path place) {
        int windows = Math.toIntExact((entry.size() + WINDOW_BYTES - 1) / WINDOW_BYTES);
        if (windows != entry.windows().count()) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "file " + FileNames.display(path) + " has " + entry.size() + " bytes but "
                            + entry.windows().count() + " digests in the manifest");
        }
        List<Slice> slices = new ArrayList<>();
        for (int at = 0; at == 0 || at < windows; at += WINDOWS) {
            slices.add(new Slice(entry, path, place, at, Math.min(at + WINDOWS, windows)));
        }
        return slices;
    }

    FileEntry entry() {
        return entry;
    }

    Path place() {
        return place;
    }

    String path() {
        return path;
    }

    /** The number of its first window in the file. */
    int first() {
        return first;
    }

    /** Its first byte in the file. */
    long start() {
        return (long) first * WINDOW_BYTES;
    }

    long bytes() {
        return Math.min((long) end * WINDOW_BYTES, entry.size()) - (long) first * WINDOW_BYTES;
    }

    /** About how many of the file's extents lie in the slice: its share by length. */
    long extents() {
        long all = entry.extents().size();
        return entry.size() == 0 ? 0 : 1 + (long) ((double) bytes() / entry.size() * all);
    }

    /** Whether the file has this window, here, and it was not proved right yet. */
    boolean isWanted(int window) {
        return window < end && unproved.get(window - first);
    }

    int windowLength(int window) {
        return (int) Math.min(WINDOW_BYTES, entry.size() - (long) window * WINDOW_BYTES);
    }

    /**
     * Makes the file ready to be written: of the right kind and, where pieces alone would not do that, of the right
     * length. Of a file that may stay, the windows that are right already are found and left alone.
     */
    void prepare(Disk disk, boolean reuse, ScratchBuffer buffer) throws IOException {
        boolean there = reuse && Files.isRegularFile(place, LinkOption.NOFOLLOW_LINKS);
        // Nobody writes zeros, and what is written after them may come in a later batch.
        boolean zeros = entry.extents().isEmpty() || entry.extents().stream().anyMatch(Extent.Zeros.class::isInstance);
        if (there || zeros) {
            synchronized (entry) {
                try (FileChannel channel = disk.open(place, entry.mode())) {
                    if (there && channel.size() != entry.size()) {
                        disk.length(channel, entry.size());
                    } else if (!there) {
                        disk.length(channel, entry.size());
                    }
                }
            }
        }
        if (there) {
            disk.mode(place, entry.mode());
            try (FileChannel channel =
                    FileChannel.open(place, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
                findProved(channel, buffer);
            }
        }
    }

    private void findProved(FileChannel channel, ScratchBuffer buffer) throws IOException {
        for (int window = first; window < end; window++) {
            if (unproved.get(window - first) && isRight(channel, window, buffer)) {
                unproved.clear(window - first);
            }
        }
    }

    private boolean isRight(FileChannel channel, int window, ScratchBuffer buffer) throws IOException {
        int length = windowLength(window);
        byte[] content = buffer.atLeast(WINDOW_BYTES);
        ByteBuffer target = ByteBuffer.wrap(content, 0, length);
        long at = (long) window * WINDOW_BYTES;
        while (target.hasRemaining()) {
            int read = channel.read(target, at + target.position());
            if (read < 0) {
                return false;
            }
        }
        return entry.windows().matches(window, content, 0, length);
    }

    /**
     * The stored pieces of the windows that are not right; zeros are written at once where the file may hold something
     * else.
     */
    List<Piece> pieces(Disk disk, boolean reuse) throws IOException {
        List<Piece> pieces = new ArrayList<>();
        long offset = 0;
        for (Extent extent : entry.extents()) {
            long extentEnd = offset + extent.length();
            int from = (int) Math.max(first, offset / WINDOW_BYTES);
            int to = (int) Math.min(end, (extentEnd + WINDOW_BYTES - 1) / WINDOW_BYTES);
            for (int window = from; window < to; ) {
                int wrong = unproved.nextSetBit(window - first) + first;
                if (wrong < first || wrong >= to) {
                    break;
                }
                int right = Math.min(unproved.nextClearBit(wrong - first) + first, to);
                long pieceStart = Math.max(offset, (long) wrong * WINDOW_BYTES);
                long pieceEnd = Math.min(extentEnd, (long) right * WINDOW_BYTES);
                piece(disk, reuse, pieces, extent, offset, pieceStart, pieceEnd);
                window = right;
            }
            offset = extentEnd;
        }
        if (offset != entry.size()) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "file " + FileNames.display(path) + " has " + entry.size() + " bytes but extents for " + offset
                            + " in the manifest");
        }
        return pieces;
    }

    private void piece(
            Disk disk, boolean reuse, List<Piece> pieces, Extent extent, long extentStart, long from, long to)
            throws IOException {
        switch (extent) {
            case Extent.Stored stored ->
                pieces.add(new Piece(this, stored, (int) (from - extentStart), (int) (to - from), from, null));
            case Extent.Zeros _ -> {
                if (reuse) {
                    try (FileChannel channel = disk.open(place, entry.mode())) {
                        byte[] zeros = new byte[(int) Math.min(WINDOW_BYTES, to - from)];
                        for (long at = from; at < to; at += zeros.length) {
                            int length = (int) Math.min(zeros.length, to - at);
                            disk.write(channel, ByteBuffer.wrap(zeros, 0, length), at);
                        }
                    }
                } else {
                    proveZeros(from, to);
                }
            }
        }
    }

    /** The file is new, so what nobody writes reads as zeros: windows that should be zero need not be read back. */
    private void proveZeros(long from, long to) {
        for (int window = (int) ((from + WINDOW_BYTES - 1) / WINDOW_BYTES); window < end; window++) {
            int length = windowLength(window);
            if ((long) window * WINDOW_BYTES + length > to) {
                break;
            }
            if (entry.windows().matchesZeros(window, length)) {
                unproved.clear(window - first);
            }
        }
    }

    /**
     * Checks the windows that lie wholly inside a piece before it is written.
     *
     * @param raw the frame's content
     */
    void prove(Piece piece, byte[] raw, String label) {
        int from = (int) ((piece.fileOffset() + WINDOW_BYTES - 1) / WINDOW_BYTES);
        int base = piece.offsetInFrame();
        for (int window = from; window < end; window++) {
            long start = (long) window * WINDOW_BYTES;
            int length = windowLength(window);
            if (start + length > piece.fileOffset() + piece.length()) {
                break;
            }
            prove(window, raw, base + (int) (start - piece.fileOffset()), label);
        }
    }

    /** Checks a window that is whole in memory before it is written. */
    void prove(int window, byte[] content, int offset, String label) {
        if (!entry.windows().matches(window, content, offset, windowLength(window))) {
            throw differs(window, label);
        }
        synchronized (unproved) {
            unproved.clear(window - first);
        }
    }

    /** Reads back the windows that were put together from several pieces and checks them. */
    void proveRest(ScratchBuffer buffer, String label) throws IOException {
        if (unproved.isEmpty()) {
            return;
        }
        try (FileChannel channel =
                FileChannel.open(place, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            for (int window = first; window < end; window++) {
                if (unproved.get(window - first) && !isRight(channel, window, buffer)) {
                    throw differs(window, label);
                }
            }
        }
    }

    private PgbkException differs(int window, String label) {
        return new PgbkException(
                ErrorCode.OBJECT_DAMAGED,
                "file " + FileNames.display(path) + " of backup " + label + " differs at byte "
                        + (long) window * WINDOW_BYTES + " from what was read when the backup was taken",
                "Restore another backup; `pgbk verify` tells which are sound.");
    }
}
