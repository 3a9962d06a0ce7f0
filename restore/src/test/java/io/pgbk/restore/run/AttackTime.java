package io.pgbk.restore.run;

import io.pgbk.catalog.repository.MonotonicTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * The time of several processes, which passes 50 times as fast as it does and jumps when a test says so: a process that
 * is suspended over a jump of days finds itself suspended for days. Each process may have a wall clock that is wrong.
 */
final class AttackTime implements MonotonicTime, InstantSource {
    private static final int FACTOR = 50;
    private static final int LENGTH = 3 * Long.BYTES;
    private static final long SLICE_NANOS = 5_000_000;

    private final MappedByteBuffer shared;
    private final Duration skew;

    private AttackTime(MappedByteBuffer shared, Duration skew) {
        this.shared = shared;
        this.skew = skew;
    }

    /** The time that a file tells all who open it; the first one begins it now. */
    static AttackTime open(Path file, Duration skew) {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MappedByteBuffer shared = channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH);
            if (shared.getLong(0) == 0) {
                shared.putLong(Long.BYTES, System.nanoTime());
                shared.putLong(0, System.currentTimeMillis());
            }
            return new AttackTime(shared, skew);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Moves the time of all. */
    void jump(Duration time) {
        shared.putLong(2 * Long.BYTES, shared.getLong(2 * Long.BYTES) + time.toNanos());
    }

    @Override
    public long nanoTime() {
        return (System.nanoTime() - shared.getLong(Long.BYTES)) * FACTOR + shared.getLong(2 * Long.BYTES);
    }

    /** What every clock says that is right. */
    Instant right() {
        return Instant.ofEpochMilli(shared.getLong(0)).plusNanos(nanoTime());
    }

    @Override
    public Instant instant() {
        return right().plus(skew);
    }

    @Override
    public void sleep(Duration time) throws InterruptedException {
        long end = nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - nanoTime()) {
            // In slices: a jump must wake who sleeps.
            Thread.sleep(Duration.ofNanos(Math.min(SLICE_NANOS, left / FACTOR + 1)));
        }
    }
}
