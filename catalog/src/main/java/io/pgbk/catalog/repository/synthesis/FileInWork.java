package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.RelativePath;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A file whose content is being moved: where its bytes were, and where they went. Safe for use by many threads. */
final class FileInWork {
    /** A slice is all that a thread moves of a file at once. */
    static final int SLICE_BYTES = 16 << 20;

    private final FileEntry entry;
    private final boolean relation;
    private final long[] starts;
    private final @Nullable List<Extent>[] moved;
    private int left;

    /**
     * Some consecutive windows of a file.
     *
     * @param number from 0
     * @param offset in the file, a multiple of {@link #SLICE_BYTES}
     */
    record Slice(FileInWork file, int number, long offset, int length) {}

    FileInWork(FileEntry entry) {
        this.entry = entry;
        String characters = new String(entry.path().toArray(), StandardCharsets.ISO_8859_1);
        this.relation = RelativePath.isAllowed(characters)
                && RelationFile.at(new RelativePath(characters)).isPresent();
        this.starts = new long[entry.extents().size()];
        long at = 0;
        for (int i = 0; i < starts.length; i++) {
            starts[i] = at;
            at += entry.extents().get(i).length();
        }
        this.left = Math.toIntExact((entry.size() + SLICE_BYTES - 1) / SLICE_BYTES);
        this.moved = newParts(left);
    }

    @SuppressWarnings("unchecked")
    private static @Nullable List<Extent>[] newParts(int count) {
        return (List<Extent>[]) new List<?>[count];
    }

    FileEntry entry() {
        return entry;
    }

    /** Whether it consists of pages. */
    boolean relation() {
        return relation;
    }

    List<Slice> slices() {
        List<Slice> slices = new ArrayList<>(moved.length);
        for (int number = 0; number < moved.length; number++) {
            long offset = (long) number * SLICE_BYTES;
            slices.add(new Slice(this, number, offset, (int) Math.min(SLICE_BYTES, entry.size() - offset)));
        }
        return slices;
    }

    /** A stored piece and where it goes in the slice. */
    record Piece(Extent.Frame frame, int offsetInFrame, int offsetInSlice, int length) {}

    /** The stored pieces of a slice in the order of the file; what lies between them is zeros. */
    List<Piece> pieces(Slice slice) {
        List<Piece> pieces = new ArrayList<>();
        int found = Arrays.binarySearch(starts, slice.offset());
        for (int i = found >= 0 ? found : -found - 2; i < starts.length; i++) {
            long from = Math.max(starts[i], slice.offset());
            long to = Math.min(starts[i] + entry.extents().get(i).length(), slice.offset() + slice.length());
            if (from >= to) {
                break;
            }
            if (entry.extents().get(i) instanceof Extent.Stored(Extent.Frame frame, int offsetInFrame, int _)) {
                pieces.add(
                        new Piece(frame, offsetInFrame + (int) (from - starts[i]), (int) (from - slice.offset()), (int)
                                (to - from)));
            }
        }
        return pieces;
    }

    /**
     * Compares a slice with what was read from the live cluster.
     *
     * @param content the slice's bytes begin at {@code offset}
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED naming file and bytes
     */
    void prove(Slice slice, byte[] content, int offset, String manifest) {
        for (int at = 0; at < slice.length(); at += FormatLimits.WINDOW_BYTES) {
            int length = Math.min(FormatLimits.WINDOW_BYTES, slice.length() - at);
            long inFile = slice.offset() + at;
            int window = (int) (inFile / FormatLimits.WINDOW_BYTES);
            if (!entry.windows().matches(window, content, offset + at, length)) {
                throw Damage.of(
                        manifest,
                        "bytes " + inFile + " to " + (inFile + length) + " of file "
                                + entry.path().text() + " are not those that were read from the cluster");
            }
        }
    }

    /** Notes where a slice went; returns the entry with all new places when it was the last one. */
    synchronized Optional<FileEntry> moved(Slice slice, List<Extent> extents) {
        moved[slice.number()] = List.copyOf(extents);
        left--;
        if (left > 0) {
            return Optional.empty();
        }
        Extents all = new Extents();
        for (List<Extent> part : moved) {
            if (part == null) {
                throw new IllegalStateException("a slice of " + entry.path().text() + " was moved twice");
            }
            part.forEach(all::add);
        }
        return Optional.of(FileEntry.file(
                entry.path(), entry.mode(), entry.modifiedMicros(), entry.size(), all.list(), entry.windows()));
    }
}
