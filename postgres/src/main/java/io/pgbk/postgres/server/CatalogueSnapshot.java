package io.pgbk.postgres.server;

import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.util.List;
import java.util.function.Consumer;

/** Reads which relations a cluster has, database by database. */
@SuppressWarnings({"DoNotCallSuggester", "ObjectToString"})
public final class CatalogueSnapshot {
    private CatalogueSnapshot() {}

    /**
     * What was read.
     *
     * @param relations how many relations were handed on
     * @param truncated whether there were more than the limit
     * @param skippedDatabases databases that could not be read, with the reason
     */
    public record Outcome(long relations, boolean truncated, List<String> skippedDatabases) {
        public Outcome {
            skippedDatabases = List.copyOf(skippedDatabases);
        }
    }

    /**
     * Hands every relation with files to the consumer, in batches that bound memory.
     *
     * <p>Names that are not valid in their database's encoding show the wrong bytes as {@code \xNN}. A database that
     * cannot be connected to is skipped.
     *
     * @param limit the most relations that are read
     * @throws PgbkException with code POSTGRES_UNSUITABLE when the server cannot be asked at all
     */
    public static Outcome read(
            PostgresConfig config, long limit, Consumer<CatalogueRelation> consumer, TaskMonitor monitor) {
        throw new UnsupportedOperationException("not landed yet " + config + limit + consumer + monitor);
    }
}
