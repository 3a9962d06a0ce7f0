package io.pgbk.cli.info;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@code pgbk info}; the names of its parts are the stable names in JSON.
 *
 * @param time when it was asked
 */
public record InfoReport(String cluster, Instant time, List<RepositoryInfo> repositories) {
    /**
     * One repository.
     *
     * @param lag how far it is behind, when it is filled later; null for one that archive-push requires
     */
    public record RepositoryInfo(
            String name,
            String url,
            boolean encrypted,
            List<IncarnationInfo> incarnations,
            List<RunningInfo> running,
            List<DamagedInfo> damaged,
            @Nullable ErrorInfo error,
            @Nullable LagInfo lag) {
        /** A repository that could not be asked. */
        public static RepositoryInfo failed(String name, String url, boolean encrypted, String code, String message) {
            return new RepositoryInfo(
                    name, url, encrypted, List.of(), List.of(), List.of(), new ErrorInfo(code, message), null);
        }

        /** The same with its lag. */
        public RepositoryInfo with(@Nullable LagInfo found) {
            return new RepositoryInfo(name, url, encrypted, incarnations, running, damaged, error, found);
        }
    }

    /** Why nothing is known of a repository. */
    public record ErrorInfo(String code, String message) {}

    /** One life of the cluster between two pg_upgrades. */
    public record IncarnationInfo(
            int number,
            String systemIdentifier,
            int postgresVersion,
            List<TimelineInfo> timelines,
            List<WindowInfo> recoveryWindows,
            List<BackupInfo> backups) {}

    /**
     * The archived WAL of one timeline.
     *
     * @param removed ranges between the first and the last segment that expire removed, because nothing that is kept
     *     needs them
     * @param leftOut other ranges between them that a copy did not bring, because its source had removed them or they were
     *     not asked for
     */
    public record TimelineInfo(
            int timeline,
            @Nullable Integer parent,
            @Nullable String switchLsn,
            @Nullable String firstWal,
            @Nullable String lastWal,
            List<GapInfo> gaps,
            List<GapInfo> removed,
            List<GapInfo> leftOut) {}

    /** Missing segments; both ends are missing too. */
    public record GapInfo(String from, String to) {}

    /** A span of time to any moment of which the cluster can be restored. */
    public record WindowInfo(int timeline, Instant from, Instant to) {}

    /**
     * A listed backup.
     *
     * @param fallbackReason why it is a full backup although another type was asked for
     * @param synthesisedFrom the backup whose state it was written from, in the repository alone
     */
    public record BackupInfo(
            String label,
            String type,
            @Nullable String parent,
            @Nullable String fallbackReason,
            @Nullable String synthesisedFrom,
            int timeline,
            Instant startTime,
            Instant stopTime,
            String startLsn,
            String stopLsn,
            long databaseBytes,
            long storedBytes,
            long uniqueBytes,
            long pageErrors,
            boolean pinned,
            boolean expiring,
            boolean fromStandby,
            Map<String, String> annotations,
            @Nullable VerifyInfo lastVerify,
            @Nullable DrillInfo lastDrill) {}

    /**
     * The last verification.
     *
     * @param readPercent how much of the backup's data this and earlier ones read in the last {@code readDays} days
     * @param wholeSince all of its data was read since then; null when not all of it ever was
     */
    public record VerifyInfo(
            Instant time,
            String verdict,
            double samplePercent,
            int readDays,
            double readPercent,
            @Nullable Instant wholeSince,
            @Nullable String finding) {}

    /** The last drill. */
    public record DrillInfo(
            Instant time,
            boolean good,
            double restoreSeconds,
            @Nullable String finding) {}

    /** A backup that was begun and neither committed nor ended. */
    public record RunningInfo(String label, String owner, Instant started, Instant lastAlive) {}

    /** A backup that is there and whose summary or events cannot be read: it is not restorable as it is. */
    public record DamagedInfo(String label, String code, String message) {}
}
