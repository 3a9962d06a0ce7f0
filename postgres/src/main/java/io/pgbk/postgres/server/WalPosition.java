package io.pgbk.postgres.server;

import io.pgbk.postgres.Lsn;

/**
 * A place in the WAL.
 *
 * @param timeline the timeline, unsigned
 * @param lsn the address
 */
public record WalPosition(int timeline, Lsn lsn) {}
