package io.pgbk.catalog.store;

import io.pgbk.task.Threads;
import java.io.IOException;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * Lets a disk write while a file is still growing, so that whoever makes it durable at the end waits for the last part
 * only. Used by one thread.
 *
 * <p>The kernel reports a failed write to one fsync of the open file and then forgets it (fsync(2)), so what an early one
 * hears is kept and thrown to the writer: the last one would succeed.
 */
final class EarlyFlush {
    /** Bytes after which the disk is set to work again. */
    static final long STEP_BYTES = 16L * 1024 * 1024;

    private final FileChannel channel;
    private long flushedBytes;
    private @Nullable Thread running;
    private volatile @Nullable IOException failure;

    EarlyFlush(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Tells how long the file is now.
     *
     * @throws IOException what an earlier flush met
     */
    void written(long length) throws IOException {
        if (length - flushedBytes < STEP_BYTES || isRunning()) {
            return;
        }
        throwFailure();
        flushedBytes = length;
        running = Thread.ofVirtual().name("pgbk-flush").start(this::flush);
    }

    private boolean isRunning() {
        Thread thread = running;
        return thread != null && thread.isAlive();
    }

    private void flush() {
        try {
            channel.force(false);
        } catch (IOException e) {
            failure = e;
        }
    }

    /**
     * Makes the file durable.
     *
     * @throws IOException what this or an earlier flush met
     */
    void finish() throws IOException {
        await();
        throwFailure();
        channel.force(true);
    }

    /** Returns when the channel is not used any more. An interrupt is kept for later: a disk cannot be interrupted. */
    void await() {
        Thread thread = running;
        if (thread != null) {
            Threads.awaitEnd(thread);
        }
    }

    private void throwFailure() throws IOException {
        IOException met = failure;
        if (met != null) {
            throw met;
        }
    }
}
