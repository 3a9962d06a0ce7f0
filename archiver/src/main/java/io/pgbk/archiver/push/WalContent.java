package io.pgbk.archiver.push;

import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.task.ScratchFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The raw bytes of a WAL file for the archive, with the digest that was taken when they were validated. */
sealed interface WalContent extends ObjectBody {
    /** Bytes in memory. The arrays are not copied; nobody may change them. */
    @SuppressWarnings("ArrayRecordComponent")
    record InMemory(byte[] content, byte[] sha256) implements WalContent {
        @Override
        public long length() {
            return content.length;
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(content);
        }

        @Override
        public boolean isFixed() {
            return true;
        }
    }

    /**
     * Bytes in a file that is too big for memory. What is read later is compared with the digest by the encoder, so a
     * file that changes meanwhile is noticed.
     */
    @SuppressWarnings("ArrayRecordComponent")
    record InFile(Path path, long length, byte[] sha256) implements WalContent {
        @Override
        public InputStream open() throws IOException {
            return Files.newInputStream(path);
        }
    }

    /** Bytes in a temporary file, which belongs to somebody else. */
    @SuppressWarnings("ArrayRecordComponent")
    record InScratchFile(ScratchFile file, long length, byte[] sha256) implements WalContent {
        @Override
        public InputStream open() {
            return file.input();
        }
    }
}
