package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * A label that was claimed and neither committed nor ended: a backup that runs, or one that died.
 *
 * @param incarnation that it is of
 * @param needs backups whose packs it will use, as its owner wrote at the beginning; a copy that was begun again may need
 *     others, which its signs of life name
 * @param wal from where it will need WAL; empty when its owner, an older version, did not say
 * @param resumable whether it is a copy, which may be begun again under its label
 * @param lastAlive the newest sign of life, by the clock of the host that takes it
 */
public record RunningBackup(
        Label label,
        String owner,
        int incarnation,
        Optional<Label> parent,
        Set<Label> needs,
        Optional<Holds.WalRange> wal,
        boolean resumable,
        Instant started,
        Instant lastAlive) {
    public RunningBackup {
        needs = Set.copyOf(needs);
    }
}
