package io.pgbk.testkit.disk;

import io.pgbk.testkit.disk.DiskCall.Operation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An open file of a {@link FaultyDisk}. */
final class FaultyChannel extends FileChannel {
    private static final int BLOCK_BYTES = 4096;

    private final FaultyDisk disk;
    private final Path path;
    private final FileChannel real;

    FaultyChannel(FaultyDisk disk, Path path, FileChannel real) {
        this.disk = disk;
        this.path = path;
        this.real = real;
    }

    private interface Transfer {
        int apply(ByteBuffer bytes) throws IOException;
    }

    private DiskFault require(Operation operation) throws IOException {
        DiskFault fault = disk.call(operation, path);
        if (operation != Operation.WRITE && fault instanceof DiskFault.Fail(String reason)) {
            throw new IOException(reason);
        }
        return fault;
    }

    private int write(ByteBuffer bytes, Transfer transfer) throws IOException {
        DiskFault fault = require(Operation.WRITE);
        boolean fails = fault instanceof DiskFault.Fail;
        if (!fails && (!(fault instanceof DiskFault.ShortWrite) || bytes.remaining() < 2)) {
            return transfer.apply(bytes);
        }
        int limit = bytes.limit();
        int half = bytes.remaining() / 2;
        // Past the page cache only whole blocks can be written.
        bytes.limit(bytes.position() + (half < BLOCK_BYTES ? half : half - half % BLOCK_BYTES));
        try {
            int written = bytes.hasRemaining() ? transfer.apply(bytes) : 0;
            if (fault instanceof DiskFault.Fail(String reason)) {
                throw new IOException(reason);
            }
            return written;
        } finally {
            bytes.limit(limit);
        }
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        return write(bytes, real::write);
    }

    @Override
    public int write(ByteBuffer bytes, long position) throws IOException {
        return write(bytes, part -> real.write(part, position));
    }

    @Override
    public long write(ByteBuffer[] buffers, int offset, int length) throws IOException {
        for (int i = offset; i < offset + length; i++) {
            if (buffers[i].hasRemaining()) {
                return write(buffers[i]);
            }
        }
        return 0;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        require(Operation.READ);
        return real.read(target);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        require(Operation.READ);
        return real.read(target, position);
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
        require(Operation.READ);
        return real.read(targets, offset, length);
    }

    @Override
    public void force(boolean metaData) throws IOException {
        require(Files.isDirectory(path) ? Operation.SYNC_DIRECTORY : Operation.SYNC_FILE);
        real.force(metaData);
    }

    @Override
    public FileChannel truncate(long size) throws IOException {
        require(Operation.TRUNCATE);
        real.truncate(size);
        return this;
    }

    @Override
    public long position() throws IOException {
        return real.position();
    }

    @Override
    public FileChannel position(long position) throws IOException {
        real.position(position);
        return this;
    }

    @Override
    public long size() throws IOException {
        return real.size();
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
        require(Operation.READ);
        return real.transferTo(position, count, target);
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long position, long count) throws IOException {
        throw new UnsupportedOperationException("no fault is known for it");
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
        throw new UnsupportedOperationException("no fault reaches mapped memory");
    }

    @Override
    public FileLock lock(long position, long size, boolean shared) throws IOException {
        return real.lock(position, size, shared);
    }

    @Override
    public @Nullable FileLock tryLock(long position, long size, boolean shared) throws IOException {
        return real.tryLock(position, size, shared);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        real.close();
    }
}
