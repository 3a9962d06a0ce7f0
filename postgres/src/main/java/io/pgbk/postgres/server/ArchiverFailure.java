package io.pgbk.postgres.server;

/**
 * PostgreSQL's archiver, whose last try failed, as {@code pg_stat_archiver} shows it.
 *
 * @param count how many tries failed since the statistics were reset
 * @param lastFile the file of pg_wal that it could not archive last
 */
public record ArchiverFailure(long count, String lastFile) {}
