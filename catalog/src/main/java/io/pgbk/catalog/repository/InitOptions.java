package io.pgbk.catalog.repository;

/**
 * How a repository may be created.
 *
 * @param allowUnsafeStore accept a store that cannot create objects exclusively; such a repository has no leases and
 *     nobody may clean up after others in it
 */
public record InitOptions(boolean allowUnsafeStore) {
    public static final InitOptions SAFE = new InitOptions(false);
}
