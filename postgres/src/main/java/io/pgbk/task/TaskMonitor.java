package io.pgbk.task;

import io.pgbk.error.PgbkException;

/**
 * The listener of one long piece of work: progress and messages go out through it, the wish to stop comes in.
 *
 * <p>Implementations are safe for use by many threads and never throw but from {@link #checkCancelled()}.
 */
public interface TaskMonitor {
    /** A monitor that shows nothing and never cancels. */
    TaskMonitor SILENT = new TaskMonitor() {};

    /** A new phase begins, for example {@code copy}; {@code totalBytes} is -1 when unknown. */
    default void phase(String name, long totalBytes) {}

    /** So many more bytes of the phase are done. */
    default void advance(long bytes) {}

    /** Something that the operator should know although the work goes on. */
    default void warn(String message) {}

    /** A detail that is shown with {@code -v} only. */
    default void debug(String message) {}

    /**
     * Called often by the work, between any two steps that take long.
     *
     * @throws PgbkException with code INTERRUPTED when the work should stop and clean up
     */
    default void checkCancelled() {}
}
