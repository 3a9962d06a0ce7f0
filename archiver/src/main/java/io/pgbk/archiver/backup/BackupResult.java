package io.pgbk.archiver.backup;

import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.WalSummaryUse;
import io.pgbk.catalog.repository.synthesis.SyntheticOutcome;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The committed backup, as {@code pgbk backup} reports it.
 *
 * @param label the backup's label
 * @param type {@code full}, {@code differential} or {@code incremental}
 * @param parent label of the parent, null for a full backup
 * @param fallbackReason why a full was taken instead of what was asked for, else null
 * @param synthesisedFrom label of the backup whose state was written anew, null when a server was read
 * @param timeline the timeline that the backup lies on
 * @param startLsn where replay begins, as PostgreSQL prints it
 * @param stopLsn where the backup becomes consistent
 * @param startTime when the server began the backup, on this host's clock
 * @param stopTime when the server ended it
 * @param files files and links in the backup, directories not counted
 * @param databaseBytes size of all copied files
 * @param readBytes bytes read to make it: from the server's disk, or stored ones from the repository
 * @param storedBytes bytes that it added to the repository
 * @param pageErrors pages that failed their checksums; not empty means exit state 53
 * @param walSummaries what WAL summaries did for a backup with a parent, null for a full backup
 * @param packIndexes where page digests of earlier backups came from, null for a full backup
 * @param seconds how long the command took
 */
public record BackupResult(
        String label,
        String type,
        @Nullable String parent,
        @Nullable String fallbackReason,
        @Nullable String synthesisedFrom,
        int timeline,
        String startLsn,
        String stopLsn,
        Instant startTime,
        Instant stopTime,
        long files,
        long databaseBytes,
        long readBytes,
        long storedBytes,
        List<PageFailure> pageErrors,
        @Nullable WalSummaries walSummaries,
        @Nullable PackIndexes packIndexes,
        double seconds) {
    /**
     * Where the page digests of earlier backups' packs came from.
     *
     * @param fetched how often the repository was asked for a pack's index
     * @param cached how often the cache below the spool directory had it
     */
    public record PackIndexes(long fetched, long cached) {}

    /**
     * What PostgreSQL's WAL summaries did.
     *
     * @param reason why all files were read, null when the summaries told what to read
     * @param skippedBytes what was taken over from the parent without being read
     * @param sampledWindows windows of 256 KiB that no summary lists and that were read all the same
     * @param hintOnlyPages pages in those windows that differ from the parent's without a newer LSN
     * @param disagreement how the summaries turned out to be wrong, else null
     */
    public record WalSummaries(
            @Nullable String reason,
            long skippedBytes,
            long sampledWindows,
            long hintOnlyPages,
            @Nullable String disagreement) {
        static WalSummaries of(WalSummaryUse use) {
            return new WalSummaries(
                    use.reason().orElse(null),
                    use.skippedBytes(),
                    use.sampledWindows(),
                    use.hintOnlyPages(),
                    use.disagreement().orElse(null));
        }
    }

    public BackupResult {
        pageErrors = List.copyOf(pageErrors);
    }

    /** One that was read from a server. */
    BackupResult(
            String label,
            String type,
            @Nullable String parent,
            @Nullable String fallbackReason,
            int timeline,
            String startLsn,
            String stopLsn,
            Instant startTime,
            Instant stopTime,
            long files,
            long databaseBytes,
            long readBytes,
            long storedBytes,
            List<PageFailure> pageErrors,
            @Nullable WalSummaries walSummaries,
            @Nullable PackIndexes packIndexes,
            double seconds) {
        this(
                label,
                type,
                parent,
                fallbackReason,
                null,
                timeline,
                startLsn,
                stopLsn,
                startTime,
                stopTime,
                files,
                databaseBytes,
                readBytes,
                storedBytes,
                pageErrors,
                walSummaries,
                packIndexes,
                seconds);
    }

    /** What a full that was written from the repository alone is reported as. */
    public static BackupResult of(SyntheticOutcome.Written written) {
        BackupFacts facts = written.backup().summary().facts();
        return new BackupResult(
                written.backup().label().toString(),
                written.backup().summary().type().id(),
                null,
                null,
                written.source().toString(),
                facts.timeline(),
                facts.startLsn().toString(),
                facts.stopLsn().toString(),
                facts.startTime(),
                facts.stopTime(),
                facts.files(),
                facts.databaseBytes(),
                facts.readBytes(),
                facts.storedBytes(),
                written.pageFailures().stream()
                        .map(failure -> new PageFailure(failure.path().text(), failure.block()))
                        .toList(),
                null,
                null,
                written.seconds());
    }
}
