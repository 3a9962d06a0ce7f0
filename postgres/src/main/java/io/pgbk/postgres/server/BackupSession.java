package io.pgbk.postgres.server;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;

/**
 * A server in backup mode, for as long as the session that started it stays open.
 *
 * <p>{@link #close()} without {@link #stop} aborts: the server leaves backup mode and writes no end-of-backup record.
 */
@SuppressWarnings({"DoNotCallSuggester", "ObjectToString"})
public final class BackupSession implements AutoCloseable {
    private BackupSession() {}

    /**
     * Starts backup mode, which waits for a checkpoint. The session takes the connection over and closes it.
     *
     * @param label for the backup_label file, at most 1024 bytes
     * @param fast whether the checkpoint is done at once instead of being spread
     * @param monitor asked several times a second whether to give up
     * @throws PgbkException with code POSTGRES_UNSUITABLE when the server refuses, the role lacks the privilege, or the
     *     checkpoint takes much longer than the server's settings promise; INTERRUPTED when the monitor cancels or
     *     the thread is interrupted
     */
    public static BackupSession start(PostgresConnection connection, String label, boolean fast, TaskMonitor monitor) {
        throw new UnsupportedOperationException("not landed yet " + connection + label + fast + monitor);
    }

    /** The redo location of the backup's checkpoint: WAL is needed from here. */
    public Lsn startLsn() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The timeline at the start; the label file that {@link #stop} returns is the authority. */
    public int startTimeline() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Whether the server was a standby at the start. */
    public boolean startedOnStandby() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Asks whether the server still is in this backup: a broken session fails here and not hours later. */
    public void checkAlive() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /**
     * Ends backup mode without waiting for the archive.
     *
     * @param limit how long the server may take
     * @throws PgbkException with code ROLE_CHANGED when a standby was promoted meanwhile; POSTGRES_UNSUITABLE when the
     *     server ended or the session broke: the backup is worthless then
     */
    public BackupStop stop(Duration limit) {
        throw new UnsupportedOperationException("not landed yet" + limit);
    }

    @Override
    public void close() {}
}
