package io.pgbk.testkit.disk;

import io.pgbk.testkit.disk.DiskCall.Operation;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * The real file system seen through a layer that fails when a test says so. Programs that work with {@link Path}s meet
 * the faults when they start from one of {@link #path}; whatever they leave can be looked at by the real path.
 */
public final class FaultyDisk {
    private final FaultyFileSystem fileSystem = new FaultyFileSystem(this);
    private final AtomicInteger numbers = new AtomicInteger();
    private final List<DiskCall> calls = new CopyOnWriteArrayList<>();
    private volatile Function<DiskCall, DiskFault> faults = call -> DiskFault.NONE;

    /** The real path as seen through this disk. */
    public Path path(Path real) {
        return fileSystem.wrap(real);
    }

    /** What happens to calls from now on, which are counted anew; asked by many threads. */
    public void faults(Function<DiskCall, DiskFault> wanted) {
        numbers.set(0);
        calls.clear();
        faults = wanted;
    }

    /** Only the call of this number fails, from 0. */
    public void failAt(int number, DiskFault fault) {
        faults(call -> call.number() == number ? fault : DiskFault.NONE);
    }

    /** Nothing fails any more. */
    public void heal() {
        faults(call -> DiskFault.NONE);
    }

    /** All calls since the faults were set. */
    public List<DiskCall> calls() {
        return List.copyOf(calls);
    }

    /** Asks what happens to a call; returns for what is carried out, fully or not. */
    DiskFault call(Operation operation, Path real) {
        DiskCall call = new DiskCall(numbers.getAndIncrement(), operation, real);
        calls.add(call);
        DiskFault fault = faults.apply(call);
        if (fault instanceof DiskFault.Hang) {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return fault;
    }

    /** For calls that know their path: throws what the real file system would. */
    void require(Operation operation, Path real) throws IOException {
        if (call(operation, real) instanceof DiskFault.Fail(String reason)) {
            throw new FileSystemException(real.toString(), null, reason);
        }
    }
}
