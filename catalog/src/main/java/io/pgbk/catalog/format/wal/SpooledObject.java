package io.pgbk.catalog.format.wal;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.task.BufferPool;
import io.pgbk.task.ScratchFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Encoded bytes: in memory up to a limit and while the process's buffers have room, then in a temporary file without a
 * name. Waits for no memory.
 */
final class SpooledObject implements EncodedObject, ByteSink {
    /** Most bytes that are kept in memory. */
    static final int MEMORY_BYTES = 64 * 1024 * 1024;
    /** Headers and indexes are small and few. */
    private static final int UNCOUNTED_BYTES = 16 * 1024;

    private final Path temporaryDirectory;
    private final BufferPool buffers;
    private final List<BufferPool.Share> reserved = new ArrayList<>();
    private final List<byte[]> chunks = new ArrayList<>();
    private @Nullable ScratchFile file;
    private @Nullable OutputStream output;
    private long length;
    private Bytes sha256 = Bytes.EMPTY;

    SpooledObject(Path temporaryDirectory, BufferPool buffers) {
        this.buffers = buffers;
        this.temporaryDirectory = temporaryDirectory;
    }

    @Override
    public void write(ByteBuffer bytes) {
        try {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            if (output == null && !hasRoom(copy.length)) {
                spill();
            }
            if (output != null) {
                output.write(copy);
            } else {
                chunks.add(copy);
            }
            length += copy.length;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean hasRoom(int bytes) {
        if (length + bytes > MEMORY_BYTES) {
            return false;
        }
        if (bytes < UNCOUNTED_BYTES) {
            return true;
        }
        Optional<BufferPool.Share> share = buffers.tryReserve(bytes);
        share.ifPresent(reserved::add);
        return share.isPresent();
    }

    private void forget() {
        chunks.clear();
        reserved.forEach(BufferPool.Share::close);
        reserved.clear();
    }

    private void spill() throws IOException {
        ScratchFile created = ScratchFile.create(temporaryDirectory);
        file = created;
        OutputStream opened = created.output();
        output = opened;
        for (byte[] chunk : chunks) {
            opened.write(chunk);
        }
        forget();
    }

    /** Ends writing. */
    void finish(Bytes digest) {
        sha256 = digest;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public InputStream open() throws IOException {
        if (file != null) {
            return file.input();
        }
        List<InputStream> streams = new ArrayList<>(chunks.size());
        for (byte[] chunk : chunks) {
            streams.add(new ByteArrayInputStream(chunk));
        }
        return new SequenceInputStream(Collections.enumeration(streams));
    }

    @Override
    public byte[] sha256() {
        return sha256.toArray();
    }

    @Override
    public void close() {
        forget();
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
