package io.pgbk.postgres.server;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What PostgreSQL's WAL summariser knows about changed blocks, asked by SQL: version 17 and newer with {@code
 * summarize_wal = on}.
 *
 * <p>Source: PostgreSQL's backup/walsummaryfuncs.c, postmaster/walsummarizer.c and common/blkreftable.c. A summary lists
 * the blocks that WAL records register; a "limit block" says that the relation was created, truncated or dropped: all of
 * its blocks from there on may be others. The relation number 0 with a limit stands for a whole database that was created
 * by copying files, or dropped. Free space maps are not listed, and visibility maps not reliably.
 */
public final class WalSummaries {
    private static final int FIRST_VERSION = 17;
    private static final int ROWS_AT_ONCE = 10_000;

    // Sorted by the server, which does it in bounded memory, in the order in which the data directory is walked.
    private static final String CHANGES = """
            select path, is_limit, number from (
              select case reltablespace when 1664 then 'global/'
                       when 1663 then 'base/' || reldatabase || '/'
                       else 'pg_tblspc/' || reltablespace || '/' || ? || '/' || reldatabase || '/' end
                     || relfilenode || case segment when 0 then '' else '.' || segment end as path,
                     is_limit, number
              from (
                select distinct reltablespace, reldatabase, relfilenode, is_limit_block as is_limit,
                  case when is_limit_block then 0 else relblocknumber / ? end as segment,
                  case when is_limit_block then relblocknumber else relblocknumber % ? / ? end as number
                from unnest(?::bigint[], ?::pg_lsn[], ?::pg_lsn[]) as summary (tli, start_lsn, end_lsn),
                  pg_catalog.pg_wal_summary_contents(summary.tli, summary.start_lsn, summary.end_lsn)
                where relforknumber = 0) as changes) as places
            order by path collate "C", is_limit desc, number
            """;

    private final PostgresConnection connection;

    /** @param connection used by this object alone as long as it is used */
    public WalSummaries(PostgresConnection connection) {
        this.connection = connection;
    }

    /**
     * How far the summariser has come.
     *
     * @param written the end of the newest summary that it has written
     * @param read how far it has read
     */
    public record Progress(Lsn written, Lsn read) {}

    /** Takes the changes one by one. */
    public interface ChangeVisitor {
        /**
         * A relation's blocks from a number on may all be others.
         *
         * @param path of the relation's first file, relative to the data directory; with the number 0 for its name all
         *     relations of the directory
         * @param block number in the main fork
         */
        void limit(String path, long block);

        /**
         * Blocks of a file may be others.
         *
         * @param path of the file, relative to the data directory
         * @param window number of the group of blocks in the file
         */
        void window(String path, int window);
    }

    /** Why the server has no summaries; empty when it makes them. */
    public Optional<String> objection() {
        if (!connection.version().atLeast(FIRST_VERSION)) {
            return Optional.of("PostgreSQL " + connection.version().major() + " has no WAL summaries");
        }
        String setting = connection.query("read summarize_wal", jdbc -> {
            try (Statement statement = jdbc.createStatement();
                    ResultSet row = statement.executeQuery("select current_setting('summarize_wal')")) {
                row.next();
                return row.getString(1);
            }
        });
        return setting.equals("on") ? Optional.empty() : Optional.of("summarize_wal is off");
    }

    /** The summaries that are there, in no order. */
    public List<WalSummary> available() {
        return connection.query("list the WAL summaries", jdbc -> {
            List<WalSummary> summaries = new ArrayList<>();
            try (Statement statement = jdbc.createStatement();
                    ResultSet rows = statement.executeQuery("select tli, start_lsn::text, end_lsn::text"
                            + " from pg_catalog.pg_available_wal_summaries()")) {
                while (rows.next()) {
                    summaries.add(new WalSummary(
                            (int) rows.getLong(1), Lsn.parse(rows.getString(2)), Lsn.parse(rows.getString(3))));
                }
            }
            return summaries;
        });
    }

    /** How far the summariser has come. */
    public Progress progress() {
        return connection.query("ask for the state of the WAL summariser", jdbc -> {
            try (Statement statement = jdbc.createStatement();
                    ResultSet row = statement.executeQuery("select coalesce(summarized_lsn, '0/0')::text,"
                            + " coalesce(pending_lsn, '0/0')::text from pg_catalog.pg_get_wal_summarizer_state()")) {
                row.next();
                return new Progress(Lsn.parse(row.getString(1)), Lsn.parse(row.getString(2)));
            }
        });
    }

    /**
     * Reads what relations' main forks have changed according to summaries, ordered by the bytes of the paths, the limit
     * of a relation (its lowest one first) before its blocks. Rows come in portions, however many there are.
     *
     * @param tablespaceVersionDirectory the name of the directory that tablespaces have for this server
     * @param segmentBlocks blocks of one file of a big relation
     * @param windowBlocks blocks that are told together
     * @param limit how long it may take
     * @throws PgbkException POSTGRES_UNSUITABLE when the server cannot read a summary, or not in time
     */
    public void changes(
            List<WalSummary> summaries,
            String tablespaceVersionDirectory,
            int segmentBlocks,
            int windowBlocks,
            ChangeVisitor visitor,
            TaskMonitor monitor,
            Duration limit) {
        connection.query("read the WAL summaries", jdbc -> {
            int readTimeout = jdbc.getNetworkTimeout();
            jdbc.setNetworkTimeout(Runnable::run, 0); // the limit bounds it
            jdbc.setAutoCommit(false); // else the driver fetches everything at once
            try (PreparedStatement statement = jdbc.prepareStatement(CHANGES)) {
                statement.setFetchSize(ROWS_AT_ONCE);
                statement.setString(1, tablespaceVersionDirectory);
                statement.setInt(2, segmentBlocks);
                statement.setInt(3, segmentBlocks);
                statement.setInt(4, windowBlocks);
                statement.setArray(5, array(jdbc, summaries.stream().map(WalSummaries::timeline)));
                statement.setArray(
                        6,
                        array(
                                jdbc,
                                summaries.stream().map(summary -> summary.from().toString())));
                statement.setArray(
                        7,
                        array(
                                jdbc,
                                summaries.stream().map(summary -> summary.to().toString())));
                CancellableSql.run(
                        statement, () -> visit(statement, visitor), "list what the WAL summaries say", monitor, limit);
                return jdbc;
            } finally {
                jdbc.rollback();
                jdbc.setAutoCommit(true);
                jdbc.setNetworkTimeout(Runnable::run, readTimeout);
            }
        });
    }

    private static String timeline(WalSummary summary) {
        return Integer.toUnsignedString(summary.timeline());
    }

    private static java.sql.Array array(Connection jdbc, java.util.stream.Stream<String> values) throws SQLException {
        return jdbc.createArrayOf("text", values.toArray());
    }

    private static Object visit(PreparedStatement statement, ChangeVisitor visitor) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                String path = rows.getString(1);
                if (rows.getBoolean(2)) {
                    visitor.limit(path, rows.getLong(3));
                } else {
                    visitor.window(path, rows.getInt(3));
                }
            }
            return statement;
        }
    }
}
