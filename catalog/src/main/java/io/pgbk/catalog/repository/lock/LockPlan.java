package io.pgbk.catalog.repository.lock;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.ExpirePlan.KeptWal;
import java.time.Instant;
import java.util.List;

/**
 * Whose locks are made longer now.
 *
 * @param until the new end
 * @param backups whose objects and used packs get it
 * @param wal which WAL gets it
 * @param shared whether key slots, incarnations, histories and what else all backups need get it
 * @param record what is known when that is done
 */
public record LockPlan(Instant until, List<Label> backups, List<KeptWal> wal, boolean shared, LockRecord record) {
    public LockPlan {
        backups = List.copyOf(backups);
        wal = List.copyOf(wal);
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return backups.isEmpty() && wal.isEmpty() && !shared;
    }
}
