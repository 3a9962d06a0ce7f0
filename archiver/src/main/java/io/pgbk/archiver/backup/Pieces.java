package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.Placement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a part of a file is made of, in its order: bytes whose place is known, and bytes that were appended to a pack and
 * learn their place later. Neighbours that continue one another are one piece. For use by one thread at a time.
 */
final class Pieces {
    private final List<Piece> pieces = new ArrayList<>();
    private int sealed;

    private sealed interface Piece {
        /** The place is known. */
        record Known(Extent extent) implements Piece {}

        /** Bytes out of what was appended at once. */
        record Appended(Placement placement, int offset, int length) implements Piece {}
    }

    /** Adds bytes whose place is known. */
    void add(Extent extent) {
        if (!pieces.isEmpty() && pieces.getLast() instanceof Piece.Known(Extent last)) {
            Extent joined = join(last, extent);
            if (joined != null) {
                pieces.set(pieces.size() - 1, new Piece.Known(joined));
                return;
            }
        }
        pieces.add(new Piece.Known(extent));
    }

    /** Adds {@code length} bytes that begin at the offset of what was appended. */
    void add(Placement placement, int offset, int length) {
        if (!pieces.isEmpty()
                && pieces.getLast() instanceof Piece.Appended(Placement last, int lastOffset, int lastLength)
                && last == placement
                && lastOffset + lastLength == offset) {
            pieces.set(pieces.size() - 1, new Piece.Appended(placement, lastOffset, lastLength + length));
            return;
        }
        pieces.add(new Piece.Appended(placement, offset, length));
    }

    /** Whether all places are known: any piece can be the last to learn its place. */
    boolean isSealed() {
        while (sealed < pieces.size()
                && (!(pieces.get(sealed) instanceof Piece.Appended(Placement placement, int _, int _))
                        || placement.isSealed())) {
            sealed++;
        }
        return sealed == pieces.size();
    }

    /**
     * The extents of consecutive parts of a file.
     *
     * @throws IllegalStateException when a part is not sealed
     */
    static List<Extent> extents(List<Pieces> parts) {
        List<Extent> extents = new ArrayList<>();
        for (Pieces part : parts) {
            for (Piece piece : part.pieces) {
                Extent extent = extentOf(piece);
                Extent joined = extents.isEmpty() ? null : join(extents.getLast(), extent);
                if (joined == null) {
                    extents.add(extent);
                } else {
                    extents.set(extents.size() - 1, joined);
                }
            }
        }
        return extents;
    }

    private static Extent extentOf(Piece piece) {
        return switch (piece) {
            case Piece.Known(Extent extent) -> extent;
            case Piece.Appended(Placement placement, int offset, int length) -> {
                Extent.Stored whole = placement.extent();
                yield new Extent.Stored(whole.frame(), whole.offsetInFrame() + offset, length);
            }
        };
    }

    /** Both in one, or null when they are not neighbours. */
    private static @Nullable Extent join(Extent first, Extent second) {
        if (first instanceof Extent.Zeros(long one) && second instanceof Extent.Zeros(long other)) {
            return new Extent.Zeros(one + other);
        }
        if (first instanceof Extent.Stored(Extent.Frame frame, int offset, int bytes)
                && second instanceof Extent.Stored(Extent.Frame next, int nextOffset, int nextBytes)
                && offset + bytes == nextOffset
                && frame.equals(next)) {
            return new Extent.Stored(frame, offset, bytes + nextBytes);
        }
        return null;
    }
}
