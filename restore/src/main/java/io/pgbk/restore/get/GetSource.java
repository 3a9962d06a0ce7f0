package io.pgbk.restore.get;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.PgbkException;
import java.util.function.Supplier;

/**
 * A repository to fetch from.
 *
 * @param name as the configuration names it
 * @param cluster opens it; called at most once per fetch, throws what opening throws
 */
public record GetSource(String name, Supplier<ClusterCatalog> cluster) {
    /**
     * Whether a failure says that a repository cannot be looked into at all. Nobody knows what it has then, so recovery
     * stops where it asks for a file that the others do not have.
     */
    public static boolean isShut(PgbkException failure) {
        return switch (failure.code()) {
            case REPOSITORY_NOT_INITIALISED,
                    REPOSITORY_UNREACHABLE,
                    PERMISSION_DENIED,
                    KEY_WRONG,
                    ENCRYPTION_MISMATCH -> true;
            default -> false;
        };
    }
}
