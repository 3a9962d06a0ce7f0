package io.pgbk.restore.run;

import io.pgbk.task.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Writes what one task restores. Big pieces go past the system's page cache where the file system allows it (a copy of
 * every byte less, and nothing of the running servers' cache is displaced), and are written by another thread while the
 * next frame is fetched and decoded. Small ones are written at once through the cache, which the end of the restore
 * makes durable. Used by one thread; when it is closed, everything is written or a failure was thrown.
 *
 * <p>Memory: {@value #BUFFERS} buffers of {@link #BUFFER_BYTES} outside of the heap, which all tasks of a restore share;
 * counted in the process's pool with the worker's share.
 */
final class PieceWriter implements AutoCloseable {
    static final int BUFFER_BYTES = 1 << 20;

    private static final int BUFFERS = 2;
    /** Below, the way past the cache costs more than it saves: each write waits for the device. */
    private static final int LEAST_DIRECT_BYTES = 256 << 10;

    private final Disk disk;
    private final AlignedBuffers pool;
    private final Executor threads;
    private final @Nullable ByteBuffer[] buffers = new ByteBuffer[BUFFERS];
    private final @Nullable FutureTask<Void>[] writing = newTasks();
    private int turn;
    private @Nullable Path path;
    private int mode;
    private @Nullable FileChannel cached;
    private @Nullable FileChannel direct;

    /** What the buffers of a writer take of a share; they lie outside of the heap. */
    static long bufferBytes() {
        return BUFFERS * BufferPool.sizeOf(BUFFER_BYTES);
    }

    PieceWriter(Disk disk, AlignedBuffers pool, Executor threads) {
        this.disk = disk;
        this.pool = pool;
        this.threads = threads;
    }

    @SuppressWarnings("unchecked")
    private static @Nullable FutureTask<Void>[] newTasks() {
        return (FutureTask<Void>[]) new FutureTask<?>[BUFFERS];
    }

    /**
     * Writes a piece of a file, soon: the bytes are taken before this returns.
     *
     * @throws IOException also for an earlier piece
     */
    void write(Path file, int fileMode, long position, byte[] bytes, int offset, int length) throws IOException {
        if (!file.equals(path)) {
            closeFile();
            path = file;
            mode = fileMode;
        }
        int done = 0;
        while (length - done >= LEAST_DIRECT_BYTES) {
            int part = Math.min(BUFFER_BYTES, length - done);
            if (!AlignedBuffers.isAligned(position + done, part)
                    || !writeDirectly(position + done, bytes, offset + done, part)) {
                break;
            }
            done += part;
        }
        if (done < length) {
            disk.write(cached(file), ByteBuffer.wrap(bytes, offset + done, length - done), position + done);
        }
    }

    private boolean writeDirectly(long position, byte[] bytes, int offset, int length) throws IOException {
        FileChannel channel = direct;
        if (channel == null) {
            channel = path == null ? null : disk.openDirect(path, mode);
            if (channel == null) {
                return false;
            }
            direct = channel;
        }
        int mine = turn;
        turn = (turn + 1) % BUFFERS;
        await(mine);
        ByteBuffer buffer = buffers[mine];
        if (buffer == null) {
            buffer = pool.take();
            buffers[mine] = buffer;
        }
        buffer.clear().put(bytes, offset, length).flip();
        FutureTask<Void> task = writeTask(channel, buffer, position);
        // When no thread can be had, nobody will ever run the task: it must not be waited for.
        threads.execute(task);
        writing[mine] = task;
        return true;
    }

    private FutureTask<Void> writeTask(FileChannel channel, ByteBuffer buffer, long position) {
        Path file = path;
        int fileMode = mode;
        return new FutureTask<>(() -> {
            if (file != null && !disk.writeDirect(channel, buffer, position)) {
                try (FileChannel through = disk.open(file, fileMode)) {
                    disk.write(through, buffer, position);
                }
            }
            return null;
        });
    }

    private FileChannel cached(Path file) throws IOException {
        FileChannel open = cached;
        if (open == null) {
            open = disk.open(file, mode);
            cached = open;
        }
        return open;
    }

    /** Waits until the buffer is free. */
    private void await(int buffer) throws IOException {
        FutureTask<Void> task = writing[buffer];
        if (task == null) {
            return;
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    task.get();
                    writing[buffer] = null;
                    return;
                } catch (InterruptedException e) {
                    // The buffer and the channel are in use until the write is done.
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            writing[buffer] = null;
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void closeFile() throws IOException {
        FileChannel first = direct;
        FileChannel second = cached;
        direct = null;
        cached = null;
        try {
            awaitAll(0);
        } finally {
            closeBoth(first, second);
        }
    }

    private static void closeBoth(@Nullable FileChannel first, @Nullable FileChannel second) throws IOException {
        try {
            if (first != null) {
                first.close();
            }
        } finally {
            if (second != null) {
                second.close();
            }
        }
    }

    /** Waits for all, also when one fails. */
    private void awaitAll(int from) throws IOException {
        if (from < BUFFERS) {
            try {
                await(from);
            } finally {
                awaitAll(from + 1);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            closeFile();
        } finally {
            for (int i = 0; i < BUFFERS; i++) {
                ByteBuffer buffer = buffers[i];
                if (buffer != null) {
                    pool.release(buffer);
                    buffers[i] = null;
                }
            }
        }
    }
}
