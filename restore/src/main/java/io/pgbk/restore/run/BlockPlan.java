package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.Extent;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decides which parts of a slice are put together in memory: those with a window of which a piece has only a part. */
final class BlockPlan {
    private BlockPlan() {}

    /** About how many blocks {@link #arrange} will want: as if nothing of the file were there yet. */
    static int blocks(Slice slice) {
        List<Extent> extents = slice.entry().extents();
        if (extents.size() < 2) {
            return 0;
        }
        BitSet blocks = new BitSet();
        long border = 0;
        for (Extent extent : extents) {
            border += extent.length();
            if (border >= slice.start() + slice.bytes()) {
                break;
            }
            if (border > slice.start() && border % Slice.WINDOW_BYTES != 0) {
                blocks.set(blockOf(slice, border));
            }
        }
        return blocks.cardinality();
    }

    private static int blockOf(Slice slice, long offset) {
        return (int) ((offset - slice.start()) / Block.BYTES);
    }

    /**
     * Cuts pieces where blocks begin and end, as far as there is memory for blocks.
     *
     * @param pieces of the slice
     * @return the same bytes in as many pieces or more, each of one block or of none
     */
    static List<Slice.Piece> arrange(Slice slice, List<Slice.Piece> pieces, BlockMemory memory) {
        BitSet mixed = new BitSet();
        for (Slice.Piece piece : pieces) {
            long end = piece.fileOffset() + piece.length();
            if (piece.fileOffset() % Slice.WINDOW_BYTES != 0) {
                mixed.set(blockOf(slice, piece.fileOffset()));
            }
            if (end % Slice.WINDOW_BYTES != 0 && end != slice.entry().size()) {
                mixed.set(blockOf(slice, end));
            }
        }
        if (mixed.isEmpty()) {
            return pieces;
        }
        @Nullable Block[] blocks = new @Nullable Block[Slice.BLOCKS];
        mixed.stream()
                .forEach(number -> memory.take()
                        .ifPresent(content ->
                                blocks[number] = new Block(slice, slice.first() + number * Block.WINDOWS, content)));
        List<Slice.Piece> arranged = new ArrayList<>();
        pieces.forEach(piece -> cut(slice, piece, blocks, arranged));
        for (@Nullable Block block : blocks) {
            if (block != null) {
                block.ready();
            }
        }
        return arranged;
    }

    private static void cut(Slice slice, Slice.Piece piece, @Nullable Block[] blocks, List<Slice.Piece> arranged) {
        long pieceEnd = piece.fileOffset() + piece.length();
        long at = piece.fileOffset();
        while (at < pieceEnd) {
            int number = blockOf(slice, at);
            Block block = blocks[number];
            int next = number + 1;
            while (block == null && slice.start() + (long) next * Block.BYTES < pieceEnd && blocks[next] == null) {
                next++;
            }
            long end = Math.min(slice.start() + (long) next * Block.BYTES, pieceEnd);
            if (block != null) {
                block.expect((int) (end - at));
            }
            arranged.add(piece.part((int) (at - piece.fileOffset()), (int) (end - at), block));
            at = end;
        }
    }
}
