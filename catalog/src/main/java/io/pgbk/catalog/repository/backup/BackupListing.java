package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.PgbkException;
import java.util.List;
import java.util.Map;

/**
 * All that is known about a cluster's backups.
 *
 * @param backups committed ones in their order
 * @param running claimed labels that did not end
 * @param damaged labels whose summary or events cannot be read, and why: they do not hide the others, but nothing is
 *     removed while there are any
 */
public record BackupListing(
        List<BackupRecord> backups, List<RunningBackup> running, Map<Label, PgbkException> damaged) {
    public BackupListing {
        backups = List.copyOf(backups);
        running = List.copyOf(running);
        damaged = Map.copyOf(damaged);
    }
}
