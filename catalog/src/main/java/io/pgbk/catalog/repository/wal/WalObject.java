package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.WalFileName;

/**
 * A WAL file in the archive.
 *
 * @param key its key below the prefix
 * @param variant empty for PostgreSQL's own name, else the 8 hexadecimal digits behind it
 * @param storedBytes length of the stored object
 */
public record WalObject(WalFileName name, String variant, String key, long storedBytes) {}
