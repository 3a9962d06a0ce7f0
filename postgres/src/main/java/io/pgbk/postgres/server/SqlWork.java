package io.pgbk.postgres.server;

import java.sql.Connection;
import java.sql.SQLException;

/** SQL that needs a connection. */
@FunctionalInterface
public interface SqlWork<T> {
    /** Runs it; the connection is in autocommit mode and stays open. */
    T run(Connection connection) throws SQLException;
}
