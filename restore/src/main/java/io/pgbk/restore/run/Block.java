package io.pgbk.restore.run;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Some windows of a file that are put together in memory, because they come from several frames: pages that changed lie
 * in later backups of the chain. They are checked and written when the last piece is there, in one go; written piece by
 * piece they would have to be read back to be checked.
 *
 * <p>Pieces may come from many threads; the one that brings the last one finishes the block.
 */
final class Block {
    static final int WINDOWS = 4;
    static final int BYTES = WINDOWS * Slice.WINDOW_BYTES;

    private final Slice slice;
    private final int first;
    private final boolean[] wanted = new boolean[WINDOWS];
    private final byte[] content;
    private final AtomicInteger missing = new AtomicInteger();

    /**
     * A block in which nothing is yet.
     *
     * @param first the number of its first window in the file
     * @param content room for it
     */
    Block(Slice slice, int first, byte[] content) {
        this.slice = slice;
        this.first = first;
        this.content = content;
        for (int i = 0; i < WINDOWS; i++) {
            wanted[i] = slice.isWanted(first + i);
        }
    }

    /** A piece of so many bytes will come. */
    void expect(int length) {
        missing.addAndGet(length);
    }

    /** All that will come is known: what does not come is zeros. */
    void ready() {
        int bytes = 0;
        for (int i = 0; i < WINDOWS; i++) {
            bytes += wanted[i] ? slice.windowLength(first + i) : 0;
        }
        if (missing.get() < bytes) {
            Arrays.fill(content, 0, BYTES, (byte) 0);
        }
    }

    /**
     * Puts a piece in its place.
     *
     * @param raw the content of the piece's frame
     * @return whether it was the last one
     */
    boolean put(Slice.Piece piece, byte[] raw) {
        int at = (int) (piece.fileOffset() - (long) first * Slice.WINDOW_BYTES);
        System.arraycopy(raw, piece.offsetInFrame(), content, at, piece.length());
        return missing.addAndGet(-piece.length()) == 0;
    }

    /** Checks the windows and writes them. */
    void finish(PieceWriter writer, BlockMemory memory, String label) throws IOException {
        int start = 0;
        while (start < WINDOWS) {
            int end = start;
            int length = 0;
            while (end < WINDOWS && wanted[end]) {
                slice.prove(first + end, content, end * Slice.WINDOW_BYTES, label);
                length += slice.windowLength(first + end);
                end++;
            }
            if (length > 0) {
                writer.write(
                        slice.place(),
                        slice.entry().mode(),
                        (long) (first + start) * Slice.WINDOW_BYTES,
                        content,
                        start * Slice.WINDOW_BYTES,
                        length);
            }
            start = end + 1;
        }
        memory.give(content);
    }
}
