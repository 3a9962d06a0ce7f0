package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.postgres.Lsn;
import java.util.Optional;

/** How far the pages of a backup need not be verified again by the backups that are built on it. */
final class PageVerification {
    private PageVerification() {}

    /**
     * What a manifest says about the pages' checksums.
     *
     * @param present whether the cluster has checksums
     * @param verified whether every page that was read was verified, or by the parent
     * @param failures the pages that stayed wrong
     * @param startLsn where the backup began: newer pages may be torn
     * @param unread what the parent says, when not everything was read
     */
    static PageChecksums of(
            boolean present, boolean verified, PageFailures failures, Lsn startLsn, Optional<PageChecksums> unread) {
        if (!present) {
            return PageChecksums.OFF;
        }
        boolean allNamed = failures.count() == failures.named().size();
        if (!verified || !allNamed) {
            return PageChecksums.ON;
        }
        return unread.orElseGet(() -> PageChecksums.verifiedBefore(startLsn));
    }
}
