package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lock.LockRenewal;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.WalRemover;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What expiry decided and what it did.
 *
 * @param plan what stays and what goes by the policy, when what is emptied was emptied
 * @param needed backups of the plan that stay for now, and who needs them
 * @param calledOff backups whose removal was announced and that the policy keeps again
 * @param removed backups and dead labels whose objects went, or should have
 * @param compaction what was emptied, so that it can go
 * @param walKeptFrom from where WAL stays without a hole; empty when there is no backup to begin from
 * @param wal what went of the archive, or would go
 * @param locks what was locked longer; empty without object lock and of a dry run
 * @param bytesFreed stored bytes that went; of a dry run those that go in the end
 * @param bytesLater stored bytes that go when grace periods are over
 */
public record ExpireReport(
        ExpirePlan plan,
        Map<Label, String> needed,
        List<Label> calledOff,
        List<BackupCatalog.Deletion> removed,
        ExpireCompaction compaction,
        Optional<KeptWalStart> walKeptFrom,
        WalRemover.Removal wal,
        Optional<LockRenewal.Renewed> locks,
        long bytesFreed,
        long bytesLater) {
    public ExpireReport {
        needed = Map.copyOf(needed);
        calledOff = List.copyOf(calledOff);
        removed = List.copyOf(removed);
    }
}
