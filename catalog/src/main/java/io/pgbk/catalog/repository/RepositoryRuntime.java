package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.Compression;
import io.pgbk.task.BufferPool;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;

/**
 * What a repository needs from the process around it.
 *
 * @param clock the host's clock, for labels and the times that people read
 * @param monotonic for waiting and for judging leases
 * @param random for labels, salts and ids
 * @param owner how this process is named to others who meet its leases and holds, for example {@code db1, process 4711}
 * @param compression of WAL objects
 * @param temporaryDirectory for encoded WAL objects that are too large for memory
 * @param buffers the process's large buffers
 */
public record RepositoryRuntime(
        InstantSource clock,
        MonotonicTime monotonic,
        SecureRandom random,
        String owner,
        Compression compression,
        Path temporaryDirectory,
        BufferPool buffers) {
    /** With buffers of its own. */
    public RepositoryRuntime(
            InstantSource clock,
            MonotonicTime monotonic,
            SecureRandom random,
            String owner,
            Compression compression,
            Path temporaryDirectory) {
        this(
                clock,
                monotonic,
                random,
                owner,
                compression,
                temporaryDirectory,
                new BufferPool(BufferPool.DEFAULT_LIMIT_BYTES));
    }

    /** The real clocks and this process's name. */
    public static RepositoryRuntime system(Compression compression, Path temporaryDirectory) {
        return new RepositoryRuntime(
                InstantSource.system(),
                MonotonicTime.SYSTEM,
                new SecureRandom(),
                hostName() + ", process " + ProcessHandle.current().pid(),
                compression,
                temporaryDirectory);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown host";
        }
    }
}
