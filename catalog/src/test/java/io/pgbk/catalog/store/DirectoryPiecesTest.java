package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.task.HeapTransfer;
import io.pgbk.task.ScratchFile;
import io.pgbk.testkit.disk.DiskCall.Operation;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Java copies outside of the heap for a file's channel is no larger than a piece, however large a frame is. */
class DirectoryPiecesTest {
    private static final int PIECES = 5;

    @TempDir
    Path directory;

    private final FaultyDisk disk = new FaultyDisk();
    private final byte[] content = new byte[PIECES * HeapTransfer.PIECE_BYTES];

    private long calls(Operation operation) {
        return disk.calls().stream()
                .filter(call -> call.operation() == operation)
                .count();
    }

    @Test
    void anObjectIsWrittenAndReadInPieces() throws IOException {
        new Random(4711).nextBytes(content);
        try (ObjectStore store = ObjectStores.open(new DirectoryStoreConfig(disk.path(directory)))) {
            try (ObjectUpload upload = store.upload("a/b")) {
                upload.write(ByteBuffer.wrap(content));
                assertThat(upload.length()).isEqualTo(content.length);
                upload.complete();
            }
            assertThat(calls(Operation.WRITE)).isGreaterThanOrEqualTo(PIECES);

            long before = calls(Operation.READ);
            byte[] read = new byte[content.length];
            try (InputStream input = store.read("a/b", 0, content.length)) {
                assertThat(input.readNBytes(read, 0, read.length)).isEqualTo(read.length);
            }
            assertThat(calls(Operation.READ) - before).isGreaterThanOrEqualTo(PIECES);
            assertThat(read).isEqualTo(content);
        }
    }

    @Test
    void aTemporaryFileIsWrittenAndReadInPieces() throws IOException {
        new Random(4711).nextBytes(content);
        try (ScratchFile file = ScratchFile.create(disk.path(directory))) {
            file.output().write(content);
            assertThat(calls(Operation.WRITE)).isGreaterThanOrEqualTo(PIECES);

            byte[] read = new byte[content.length];
            assertThat(file.input().readNBytes(read, 0, read.length)).isEqualTo(read.length);
            assertThat(calls(Operation.READ)).isGreaterThanOrEqualTo(PIECES);
            assertThat(read).isEqualTo(content);
        }
    }
}
