package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

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

    /**
     * A backup that stays, and every rule that says so.
     *
     * @param wanted for its own sake, not only because others are built on it
     */
    public record Kept(Label label, List<String> reasons, boolean wanted) {
        public Kept {
            reasons = List.copyOf(reasons);
        }

        /** One that is kept for its own sake. */
        public Kept(Label label, List<String> reasons) {
            this(label, reasons, true);
        }
    }

    /** Those that nobody keeps for their own sake: they go, or stay because others are built on them. */
    public Set<Label> unwanted() {
        Set<Label> unwanted = new LinkedHashSet<>();
        remove.forEach(one -> unwanted.add(one.label()));
        keep.stream().filter(one -> !one.wanted()).forEach(one -> unwanted.add(one.label()));
        return unwanted;
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
