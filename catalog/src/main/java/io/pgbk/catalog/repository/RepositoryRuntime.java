package io.pgbk.catalog.repository;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.InstantSource;

/**
 * What a repository needs from the process around it.
 *
 * @param clock the host's clock, for labels and the times that people read
 * @param monotonic for waiting and for judging leases
 * @param random for labels, salts and ids
 * @param owner how this process is named to others who meet its leases and holds, for example {@code db1, process 4711}
 */
public record RepositoryRuntime(
        InstantSource clock, MonotonicTime monotonic, SecureRandom random, String owner) {
    /** The real clocks and this process's name. */
    public static RepositoryRuntime system() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "unknown host";
        }
        return new RepositoryRuntime(
                InstantSource.system(),
                MonotonicTime.SYSTEM,
                new SecureRandom(),
                host + ", process " + ProcessHandle.current().pid());
    }
}
