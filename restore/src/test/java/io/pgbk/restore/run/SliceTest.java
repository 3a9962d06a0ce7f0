package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.task.Buffers;
import io.pgbk.task.ScratchBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Slices of a file of which one batch of a restore writes a part, and a later one the rest. */
class SliceTest {
    private static final int SLICE_BYTES = Slice.WINDOWS * Slice.WINDOW_BYTES;
    private static final Extent.Stored PAGES =
            new Extent.Stored(new Extent.Frame(0, 0, 100, 1000, Slice.WINDOW_BYTES), 0, Slice.WINDOW_BYTES);

    @TempDir
    private Path directory;

    private final byte[] content = new byte[Slice.WINDOW_BYTES];
    private final Disk disk = new Disk(null, change -> {});

    @Test
    void aFileThatBeginsWithZerosIsSoundBeforeItsLaterPartIsRestored() throws IOException {
        List<Slice> slices = slices(List.of(new Extent.Zeros(SLICE_BYTES), PAGES));

        restore(slices.get(0));
        restore(slices.get(1));

        assertThat(directory.resolve("file")).hasSize(SLICE_BYTES + (long) Slice.WINDOW_BYTES);
    }

    @Test
    void zerosAfterTheLastPieceOfABatchAreSoundBeforeTheLaterPartIsRestored() throws IOException {
        List<Slice> slices = slices(List.of(PAGES, new Extent.Zeros(SLICE_BYTES), PAGES));

        restore(slices.get(0));
        restore(slices.get(1));

        assertThat(directory.resolve("file")).hasSize(SLICE_BYTES + 2L * Slice.WINDOW_BYTES);
    }

    private List<Slice> slices(List<Extent> extents) {
        new Random(1).nextBytes(content);
        WindowDigester digester = new WindowDigester();
        long size = 0;
        for (Extent extent : extents) {
            size += extent.length();
            switch (extent) {
                case Extent.Zeros zeros -> digester.updateZeros(zeros.length());
                case Extent.Stored _ -> digester.update(content, 0, content.length);
            }
        }
        FileEntry entry = FileEntry.file(Bytes.utf8("base/5/16384"), 0600, 0, size, extents, digester.finish());
        return Slice.of(entry, "base/5/16384", directory.resolve("file"));
    }

    /** As a batch does that has only this slice; throws when a window is not what it was. */
    private void restore(Slice slice) throws IOException {
        slice.prepare(disk, false, new ScratchBuffer(Buffers.HEAP));
        for (Slice.Piece piece : slice.pieces(disk, false)) {
            slice.prove(piece, content, "label");
            try (FileChannel channel = disk.open(slice.place(), 0600)) {
                disk.write(
                        channel,
                        ByteBuffer.wrap(content, piece.extent().offsetInFrame() + piece.skip(), piece.length()),
                        piece.fileOffset());
            }
        }
        slice.proveRest(new ScratchBuffer(Buffers.HEAP), "label");
    }
}
