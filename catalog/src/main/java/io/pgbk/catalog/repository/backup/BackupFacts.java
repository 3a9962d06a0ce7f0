package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the one who took a backup says about it at the commit.
 *
 * @param parent the backup that it takes unchanged pages from; empty for a full
 * @param fallbackReason why a full was taken although another type was asked for
 * @param synthesisedFrom the backup whose state this full was written from, in the repository alone; what is said about
 *     the cluster, and both LSNs and times, are that backup's
 * @param incarnation the cluster's incarnation
 * @param timeline the timeline of both start and stop LSN
 * @param startLsn where replay begins
 * @param stopLsn where the backup becomes consistent
 * @param startTime when the server began the backup
 * @param stopTime when the server ended it
 * @param files files and links, directories not counted
 * @param databaseBytes size of all copied files
 * @param readBytes bytes read to make it
 * @param storedBytes bytes that it added to the repository
 * @param pageErrors pages that failed their checksums (the manifest names them)
 * @param fromStandby whether the files were read on a standby
 * @param host where it was taken
 * @param programVersion of the pgbk that took it
 * @param annotations given at the start
 * @param packs every pack that the manifest refers to, also of other backups
 * @param walSummaries what WAL summaries did for a backup with a parent
 */
public record BackupFacts(
        Optional<Label> parent,
        Optional<String> fallbackReason,
        Optional<Label> synthesisedFrom,
        int incarnation,
        int timeline,
        Lsn startLsn,
        Lsn stopLsn,
        Instant startTime,
        Instant stopTime,
        long files,
        long databaseBytes,
        long readBytes,
        long storedBytes,
        long pageErrors,
        boolean fromStandby,
        String host,
        String programVersion,
        Map<String, String> annotations,
        List<PackUse> packs,
        Optional<WalSummaryUse> walSummaries) {
    public BackupFacts {
        annotations = Map.copyOf(annotations);
        packs = PackUseList.copyOf(packs);
    }

    /** What is said about a backup that knew nothing of WAL summaries. */
    public BackupFacts(
            Optional<Label> parent,
            Optional<String> fallbackReason,
            Optional<Label> synthesisedFrom,
            int incarnation,
            int timeline,
            Lsn startLsn,
            Lsn stopLsn,
            Instant startTime,
            Instant stopTime,
            long files,
            long databaseBytes,
            long readBytes,
            long storedBytes,
            long pageErrors,
            boolean fromStandby,
            String host,
            String programVersion,
            Map<String, String> annotations,
            List<PackUse> packs) {
        this(
                parent,
                fallbackReason,
                synthesisedFrom,
                incarnation,
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
                fromStandby,
                host,
                programVersion,
                annotations,
                packs,
                Optional.empty());
    }

    /** The same with what WAL summaries did for it. */
    public BackupFacts withWalSummaries(Optional<WalSummaryUse> use) {
        return new BackupFacts(
                parent,
                fallbackReason,
                synthesisedFrom,
                incarnation,
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
                fromStandby,
                host,
                programVersion,
                annotations,
                packs,
                use);
    }

    /** What is said about a backup that was read from a server. */
    public BackupFacts(
            Optional<Label> parent,
            Optional<String> fallbackReason,
            int incarnation,
            int timeline,
            Lsn startLsn,
            Lsn stopLsn,
            Instant startTime,
            Instant stopTime,
            long files,
            long databaseBytes,
            long readBytes,
            long storedBytes,
            long pageErrors,
            boolean fromStandby,
            String host,
            String programVersion,
            Map<String, String> annotations,
            List<PackUse> packs) {
        this(
                parent,
                fallbackReason,
                Optional.empty(),
                incarnation,
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
                fromStandby,
                host,
                programVersion,
                annotations,
                packs);
    }
}
