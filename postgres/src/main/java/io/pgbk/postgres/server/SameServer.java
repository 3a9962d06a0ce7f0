package io.pgbk.postgres.server;

import io.pgbk.error.PgbkException;
import java.nio.file.Path;

/** Proves that the server behind a connection is the one whose files are in a directory of this machine. */
@SuppressWarnings({"DoNotCallSuggester", "ObjectToString"})
public final class SameServer {
    private SameServer() {}

    /**
     * Compares the system identifier, the directory's path and the postmaster's process and start time.
     *
     * @throws PgbkException with code OTHER_CLUSTER when the directory belongs to another cluster, POSTGRES_UNSUITABLE
     *     when it is unreadable, no data directory, or another server (a standby of the same cluster) runs in it
     */
    public static void prove(PostgresConnection connection, ServerFacts facts, Path dataDirectory) {
        throw new UnsupportedOperationException("not landed yet " + connection + facts + dataDirectory);
    }
}
