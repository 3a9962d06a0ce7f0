package io.pgbk.postgres.server;

/**
 * A server's version.
 *
 * @param number as in server_version_num, for example 150018
 */
public record ServerVersion(int number) implements Comparable<ServerVersion> {
    /** The major version, for example 15. */
    public int major() {
        return number / 10_000;
    }

    /** Whether the major version is this one or newer. */
    public boolean atLeast(int major) {
        return major() >= major;
    }

    @Override
    public int compareTo(ServerVersion other) {
        return Integer.compare(number, other.number);
    }

    /** As people write it, for example {@code 15.18}. */
    @Override
    public String toString() {
        return major() + "." + number % 10_000;
    }
}
