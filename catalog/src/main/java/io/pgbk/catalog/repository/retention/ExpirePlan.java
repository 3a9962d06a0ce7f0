package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import java.util.List;
import java.util.Optional;

/**
 * What stays and what may go.
 *
 * @param keep in the backups' order
 * @param remove in the backups' order, those whose removal began already included
 * @param wal what must stay of the archive; all other segments may go
 */
public record ExpirePlan(List<Kept> keep, List<Removed> remove, List<KeptWal> wal) {
    public ExpirePlan {
        keep = List.copyOf(keep);
        remove = List.copyOf(remove);
        wal = List.copyOf(wal);
    }

    /** A backup that stays, and every rule that says so. */
    public record Kept(Label label, List<String> reasons) {
        public Kept {
            reasons = List.copyOf(reasons);
        }
    }

    /** A backup that may go. */
    public record Removed(Label label, String reason) {}

    /**
     * WAL that stays on one timeline.
     *
     * @param from first byte
     * @param to first byte that is not needed; empty: everything that comes
     */
    public record KeptWal(int incarnation, int timeline, Lsn from, Optional<Lsn> to) {}
}
