package io.pgbk.postgres.server;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * A server in backup mode, for as long as the session that started it stays open.
 *
 * <p>{@link #close()} without {@link #stop} aborts: the server leaves backup mode and writes no end-of-backup record.
 */
public final class BackupSession implements AutoCloseable {
    private static final int MAX_LABEL_BYTES = 1024; // MAXPGPATH
    private static final Duration SHORTEST_LIMIT = Duration.ofHours(1);
    private static final Duration RESERVE = Duration.ofMinutes(10);

    private final PostgresConnection connection;
    private final Lsn startLsn;
    private final int startTimeline;
    private final boolean startedOnStandby;
    private boolean stopped;

    private BackupSession(PostgresConnection connection, Lsn startLsn, int startTimeline, boolean startedOnStandby) {
        this.connection = connection;
        this.startLsn = startLsn;
        this.startTimeline = startTimeline;
        this.startedOnStandby = startedOnStandby;
    }

    /**
     * Starts backup mode, which waits for a checkpoint. The session takes the connection over and closes it, also when
     * this method throws.
     *
     * @param label for the backup_label file, at most 1024 bytes
     * @param fast whether the checkpoint is done at once instead of being spread
     * @param monitor asked several times a second whether to give up
     * @throws PgbkException with code POSTGRES_UNSUITABLE when the server refuses, the role lacks the privilege, or the
     *     checkpoint takes much longer than the server's settings promise; INTERRUPTED when the monitor cancels or
     *     the thread is interrupted
     */
    public static BackupSession start(PostgresConnection connection, String label, boolean fast, TaskMonitor monitor) {
        boolean started = false;
        try {
            if (label.getBytes(StandardCharsets.UTF_8).length > MAX_LABEL_BYTES) {
                throw new IllegalArgumentException("a backup label has at most 1024 bytes");
            }
            BackupSession session =
                    connection.query("start a backup", jdbc -> begin(connection, jdbc, label, fast, monitor));
            started = true;
            return session;
        } finally {
            if (!started) {
                connection.close();
            }
        }
    }

    private static BackupSession begin(
            PostgresConnection connection, Connection jdbc, String label, boolean fast, TaskMonitor monitor)
            throws SQLException {
        boolean standby = PostgresConnection.inRecovery(jdbc);
        Duration limit = startLimit(jdbc);
        String sql = connection.version().atLeast(15)
                ? "select pg_backup_start(?, ?)::text"
                : "select pg_start_backup(?, ?, false)::text";
        int readTimeout = jdbc.getNetworkTimeout();
        jdbc.setNetworkTimeout(Runnable::run, 0); // the checkpoint takes its time; the limit below bounds it
        try (PreparedStatement statement = jdbc.prepareStatement(sql)) {
            statement.setString(1, label);
            statement.setBoolean(2, fast);
            Lsn lsn = CancellableSql.run(
                    statement, () -> lsn(statement), "finish the checkpoint of the backup", monitor, limit);
            jdbc.setNetworkTimeout(Runnable::run, readTimeout);
            return new BackupSession(connection, lsn, checkpointTimeline(jdbc), standby);
        }
    }

    /** A spread checkpoint ends within the checkpoint interval, after one that may run already. */
    private static Duration startLimit(Connection jdbc) throws SQLException {
        try (Statement statement = jdbc.createStatement();
                ResultSet result = statement.executeQuery(
                        "select setting::bigint from pg_settings where name = 'checkpoint_timeout'")) {
            result.next();
            Duration spread =
                    Duration.ofSeconds(result.getLong(1)).multipliedBy(2).plus(RESERVE);
            return spread.compareTo(SHORTEST_LIMIT) > 0 ? spread : SHORTEST_LIMIT;
        }
    }

    private static Lsn lsn(PreparedStatement statement) throws SQLException {
        try (ResultSet result = statement.executeQuery()) {
            result.next();
            return Lsn.parse(result.getString(1));
        }
    }

    private static int checkpointTimeline(Connection jdbc) throws SQLException {
        return integer(jdbc, "select timeline_id from pg_control_checkpoint()");
    }

    private static int integer(Connection jdbc, String sql) throws SQLException {
        try (Statement statement = jdbc.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getInt(1);
        }
    }

    /** The redo location of the backup's checkpoint: WAL is needed from here. */
    public Lsn startLsn() {
        return startLsn;
    }

    /** The timeline at the start; the label file that {@link #stop} returns is the authority. */
    public int startTimeline() {
        return startTimeline;
    }

    /** Whether the server was a standby at the start. */
    public boolean startedOnStandby() {
        return startedOnStandby;
    }

    /**
     * Asks whether the server still is in this backup, so that a broken session is noticed now and not hours later.
     *
     * @throws PgbkException with code ROLE_CHANGED when the standby was promoted; POSTGRES_UNSUITABLE when the session
     *     is broken: the backup is worthless then
     */
    public void checkAlive() {
        boolean standby = connection.query("continue the backup", PostgresConnection::inRecovery);
        if (standby != startedOnStandby) {
            throw new PgbkException(
                    ErrorCode.ROLE_CHANGED,
                    "the standby at " + connection.config().address() + " was promoted during the backup",
                    "Start the backup again.");
        }
    }

    /**
     * Ends backup mode without waiting for the archive.
     *
     * @param limit how long the server may take
     * @throws PgbkException with code ROLE_CHANGED when a standby was promoted meanwhile; POSTGRES_UNSUITABLE when the
     *     server ended or the session broke: the backup is worthless then
     */
    public BackupStop stop(Duration limit) {
        BackupStop stop = connection.query("stop the backup", jdbc -> end(jdbc, limit));
        stopped = true;
        checkAlive();
        return stop;
    }

    private BackupStop end(Connection jdbc, Duration limit) throws SQLException {
        String function = connection.version().atLeast(15) ? "pg_backup_stop(false)" : "pg_stop_backup(false, false)";
        String sql = "select lsn::text, " + RawText.bytes("labelfile") + ", " + RawText.bytes("spcmapfile") + " from "
                + function;
        int before = timeline(jdbc);
        int readTimeout = jdbc.getNetworkTimeout();
        jdbc.setNetworkTimeout(Runnable::run, 0);
        try (PreparedStatement statement = jdbc.prepareStatement(sql)) {
            BackupStop stop = CancellableSql.run(
                    statement, () -> stop(statement, before), "end the backup", TaskMonitor.SILENT, limit);
            jdbc.setNetworkTimeout(Runnable::run, readTimeout);
            if (timeline(jdbc) != before) {
                throw new PgbkException(
                        ErrorCode.ROLE_CHANGED,
                        "the server at " + connection.config().address()
                                + " changed its timeline while the backup ended",
                        "Start the backup again.");
            }
            return stop;
        }
    }

    /** The timeline of the address at which a backup would end now. */
    private int timeline(Connection jdbc) throws SQLException {
        return startedOnStandby
                ? integer(jdbc, "select min_recovery_end_timeline from pg_control_recovery()")
                : checkpointTimeline(jdbc);
    }

    private static BackupStop stop(PreparedStatement statement, int timeline) throws SQLException {
        try (ResultSet result = statement.executeQuery()) {
            result.next();
            return new BackupStop(Lsn.parse(result.getString(1)), timeline, bytes(result, 2), bytes(result, 3));
        }
    }

    private static byte[] bytes(ResultSet result, int column) throws SQLException {
        byte[] bytes = result.getBytes(column);
        return bytes == null ? new byte[0] : bytes;
    }

    /** Whether {@link #stop} has ended the backup. */
    public boolean isStopped() {
        return stopped;
    }

    @Override
    public void close() {
        connection.close();
    }
}
