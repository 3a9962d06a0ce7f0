package io.pgbk.postgres.server;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.util.Optional;

/**
 * One session with a server, with all time-outs that role or database may set neutralised.
 *
 * <p>Every failure is a {@link PgbkException} with code POSTGRES_UNSUITABLE and a hint. Not for use by several threads.
 */
@SuppressWarnings({"DoNotCallSuggester", "ObjectToString"})
public final class PostgresConnection implements AutoCloseable {
    private PostgresConnection() {}

    /**
     * Connects.
     *
     * @throws PgbkException with code POSTGRES_UNSUITABLE when nobody answers in time, the role is refused, the version
     *     is not supported, or a connection pooler is in between
     */
    public static PostgresConnection open(PostgresConfig config) {
        throw new UnsupportedOperationException("not landed yet " + config);
    }

    /** How it was opened. */
    public PostgresConfig config() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The server's version. */
    public ServerVersion version() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Reads what the server says about itself. */
    public ServerFacts facts() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Whether the server is a standby or recovers. */
    public boolean isInRecovery() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Where the next WAL record of a primary will be written; on a standby how far replay has come. */
    public WalPosition walPosition() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Switches to a new WAL segment on a primary and returns where the finished one ends. */
    public Lsn switchWal() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Writes a named restore point (at most 63 bytes) on a primary and returns where it ends. */
    public Lsn createRestorePoint(String name) {
        throw new UnsupportedOperationException("not landed yet " + name);
    }

    /** What a standby knows about its upstream; empty on a primary. */
    public Optional<StandbyFacts> standbyFacts() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /**
     * Runs SQL with this session.
     *
     * @param what for the message of a failure, for example {@code read pg_stat_archiver}
     */
    public <T> T query(String what, SqlWork<T> work) {
        throw new UnsupportedOperationException("not landed yet " + what + work);
    }

    @Override
    public void close() {}
}
