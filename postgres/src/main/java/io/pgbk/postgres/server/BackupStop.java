package io.pgbk.postgres.server;

import io.pgbk.postgres.Lsn;

/**
 * What the server hands out at the end of a backup.
 *
 * @param stopLsn the data is consistent once WAL was replayed up to here
 * @param stopTimeline the timeline of that address, unsigned
 * @param backupLabel the content of backup_label, byte for byte
 * @param tablespaceMap the content of tablespace_map, byte for byte; of length 0 when there is nothing to write
 */
@SuppressWarnings("ArrayRecordComponent")
public record BackupStop(Lsn stopLsn, int stopTimeline, byte[] backupLabel, byte[] tablespaceMap) {}
