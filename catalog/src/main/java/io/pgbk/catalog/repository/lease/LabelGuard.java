package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.repository.layout.Label;

/** Asks the catalogue, freshly, whether a backup or WAL may still be begun to be needed. */
public interface LabelGuard {
    /**
     * Returns when the backup is committed and not being removed.
     *
     * @throws io.pgbk.error.PgbkException NO_FITTING_BACKUP otherwise
     */
    void requireUsable(Label label);

    /**
     * Returns when nothing of the range is being removed.
     *
     * @throws io.pgbk.error.PgbkException WAL_GAP otherwise
     */
    void requireKept(Holds.WalRange range);
}
