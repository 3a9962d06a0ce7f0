package io.pgbk.postgres.server;

import io.pgbk.postgres.Lsn;

/**
 * A file of the WAL summariser (PostgreSQL 17 and newer): which blocks the WAL of a range changes.
 *
 * @param timeline the timeline whose WAL was read, unsigned
 * @param from first byte of the range
 * @param to first byte behind it
 */
public record WalSummary(int timeline, Lsn from, Lsn to) {}
