package io.pgbk.postgres.server;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.task.TaskMonitor;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads which relations a cluster has, database by database. */
public final class CatalogueSnapshot {
    private static final int BATCH_ROWS = 1000;
    private static final int MESSAGE_EVERY_ROWS = 1000;

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
     * @throws PgbkException with code POSTGRES_UNSUITABLE when the server cannot be asked at all; INTERRUPTED when the
     *     monitor cancels
     */
    public static Outcome read(
            PostgresConfig config, long limit, Consumer<CatalogueRelation> consumer, TaskMonitor monitor) {
        List<String> databases;
        try (PostgresConnection connection = PostgresConnection.open(config)) {
            databases = connection.databases();
        }
        long count = 0;
        List<String> skipped = new ArrayList<>();
        for (String database : databases) {
            if (count >= limit) {
                return new Outcome(count, true, skipped);
            }
            monitor.checkCancelled();
            Reader reader = new Reader(limit - count, consumer, monitor);
            try (PostgresConnection connection = PostgresConnection.open(config.withDatabase(database))) {
                connection.query("read the catalogue of " + database, reader::read);
            } catch (PgbkException e) {
                if (e.code() == io.pgbk.error.ErrorCode.INTERRUPTED) {
                    throw e;
                }
                skipped.add(e.getMessage());
            }
            count += reader.count;
            if (reader.truncated) {
                return new Outcome(count, true, skipped);
            }
        }
        return new Outcome(count, false, skipped);
    }

    /** Reads one database. */
    private static final class Reader {
        private final long limit;
        private final Consumer<CatalogueRelation> consumer;
        private final TaskMonitor monitor;
        private long count;
        private boolean truncated;

        Reader(long limit, Consumer<CatalogueRelation> consumer, TaskMonitor monitor) {
            this.limit = limit;
            this.consumer = consumer;
            this.monitor = monitor;
        }

        /** Returns whether there was more than the limit. */
        boolean read(Connection connection) throws SQLException {
            String sql = "select d.oid::bigint, d.datname, " + name("n.nspname::text") + ", " + name("c.relname::text")
                    + ", c.oid::bigint, pg_relation_filenode(c.oid)::bigint, c.relkind::text, c.reltablespace::bigint"
                    + " from pg_class c join pg_namespace n on n.oid = c.relnamespace, pg_database d"
                    + " where d.datname = current_database() and c.relkind in ('r', 'i', 't', 'm', 'S')"
                    + " and c.relpersistence <> 't' and pg_relation_filenode(c.oid) is not null";
            connection.setAutoCommit(false); // the driver reads in batches only inside a transaction
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(BATCH_ROWS);
                try (ResultSet result = statement.executeQuery(sql)) {
                    while (!truncated && result.next()) {
                        row(result);
                    }
                }
            } finally {
                connection.setAutoCommit(true);
            }
            return truncated;
        }

        private void row(ResultSet result) throws SQLException {
            if (count >= limit) {
                truncated = true;
                return;
            }
            consumer.accept(new CatalogueRelation(
                    (int) result.getLong(1),
                    result.getString(2),
                    FileNames.display(RawText.characters(result, 3)),
                    FileNames.display(RawText.characters(result, 4)),
                    (int) result.getLong(5),
                    (int) result.getLong(6),
                    result.getString(7).charAt(0),
                    (int) result.getLong(8)));
            count++;
            if (count % MESSAGE_EVERY_ROWS == 0) {
                monitor.checkCancelled();
            }
        }

        private static String name(String expression) {
            // A name in a SQL_ASCII database has no encoding; every other is converted to UTF-8.
            return "case when getdatabaseencoding() = 'SQL_ASCII' then " + RawText.bytes(expression)
                    + " else convert_to(" + expression + ", 'UTF8') end";
        }
    }
}
