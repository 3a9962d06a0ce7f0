package io.pgbk.postgres.server;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs a statement that may wait for long, and cancels it on the server when the caller gives up.
 *
 * <p>The statement runs on a thread of its own, which has ended when {@link #run} returns or throws.
 */
final class CancellableSql {
    private static final long POLL_MILLIS = 100;
    private static final int CANCEL_REQUESTS = 10;
    private static final Duration CANCEL_PAUSE = Duration.ofSeconds(1);

    private CancellableSql() {}

    /**
     * Runs the call, which uses the statement.
     *
     * @throws PgbkException with code INTERRUPTED when the monitor cancels or the thread is interrupted;
     *     POSTGRES_UNSUITABLE when the limit is over
     * @throws SQLException when the call throws it
     */
    static <T> T run(Statement statement, Callable<T> call, String what, TaskMonitor monitor, Duration limit)
            throws SQLException {
        FutureTask<T> task = new FutureTask<>(call);
        Thread thread = Thread.ofVirtual().name("pgbk-sql").start(task);
        long end = System.nanoTime() + limit.toNanos();
        try {
            while (true) {
                monitor.checkCancelled();
                try {
                    return task.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    if (System.nanoTime() - end > 0) {
                        throw new PgbkException(
                                ErrorCode.POSTGRES_UNSUITABLE,
                                "PostgreSQL did not " + what + " within " + limit.toMinutes() + " minutes",
                                "Look at the server's log and load, and try again.",
                                e);
                    }
                }
            }
        } catch (ExecutionException e) {
            throw failure(e);
        } catch (InterruptedException e) {
            cancel(statement, thread);
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while PostgreSQL was to " + what, null, e);
        } catch (PgbkException e) {
            cancel(statement, thread);
            throw e;
        }
    }

    private static SQLException failure(ExecutionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof SQLException sql) {
            return sql;
        }
        if (cause instanceof RuntimeException runtime) {
            throw runtime;
        }
        throw new IllegalStateException(e);
    }

    /** Asks the server to cancel, several times; when it does not in time, cuts the connection, which ends the thread for certain. */
    private static void cancel(Statement statement, Thread thread) {
        boolean interrupted = Thread.interrupted();
        try {
            // A request that arrives between two messages of the protocol is forgotten by the server.
            for (int request = 0; request < CANCEL_REQUESTS; request++) {
                statement.cancel();
                if (thread.join(CANCEL_PAUSE)) {
                    return;
                }
            }
        } catch (SQLException e) {
            // The cancel request did not reach the server: the connection is cut below.
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (thread.isAlive()) {
                cut(statement, thread);
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void cut(Statement statement, Thread thread) {
        try {
            statement.getConnection().abort(Runnable::run);
        } catch (SQLException e) {
            thread.interrupt(); // closes the socket's channel
        }
        boolean interrupted = Thread.interrupted();
        try {
            thread.join();
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
