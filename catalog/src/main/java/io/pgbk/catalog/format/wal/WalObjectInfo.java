package io.pgbk.catalog.format.wal;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.postgres.Lsn;

/**
 * What a WAL object says about the file in it (inside the envelope, so encrypted).
 *
 * @param fileName the name that PostgreSQL uses, without any suffix of the repository
 * @param systemIdentifier unsigned
 * @param timeline of the name
 * @param startLsn first byte of a segment; for other files 0
 * @param endLsn byte after a segment; for other files 0
 * @param rawLength bytes of the file
 * @param rawSha256 of the file
 * @param index what the records say, as {@code io.pgbk.postgres.wal} serialises it; empty when there is none
 */
public record WalObjectInfo(
        String fileName,
        long systemIdentifier,
        int timeline,
        Lsn startLsn,
        Lsn endLsn,
        long rawLength,
        Bytes rawSha256,
        Bytes index) {}
