package io.pgbk.cli.info;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalTimeline;
import io.pgbk.cli.info.InfoReport.BackupInfo;
import io.pgbk.cli.info.InfoReport.DamagedInfo;
import io.pgbk.cli.info.InfoReport.DrillInfo;
import io.pgbk.cli.info.InfoReport.GapInfo;
import io.pgbk.cli.info.InfoReport.IncarnationInfo;
import io.pgbk.cli.info.InfoReport.RepositoryInfo;
import io.pgbk.cli.info.InfoReport.RunningInfo;
import io.pgbk.cli.info.InfoReport.TimelineInfo;
import io.pgbk.cli.info.InfoReport.VerifyInfo;
import io.pgbk.cli.info.InfoReport.WindowInfo;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.restore.plan.RecoveryWindows;
import io.pgbk.restore.plan.RepositoryWalView;
import io.pgbk.restore.run.RestorePreparation;
import io.pgbk.restore.verify.ReadCoverage;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Puts together what a repository knows about a cluster. */
public final class InfoAssembler {
    private final TaskMonitor monitor;
    private final Instant now;

    public InfoAssembler(TaskMonitor monitor, Instant now) {
        this.monitor = monitor;
        this.now = now;
    }

    /**
     * One repository.
     *
     * @param name how the configuration calls it
     */
    public RepositoryInfo assemble(String name, ClusterCatalog cluster) {
        Repository repository = cluster.repository();
        // Once: every listing reads every summary and event.
        BackupListing listing = cluster.backups().listing();
        List<BackupRecord> backups = listing.backups();
        Map<Label, Long> unique = BackupCatalog.uniqueBytes(backups);
        return new RepositoryInfo(
                name,
                repository.displayName(),
                repository.encrypted(),
                cluster.incarnations().stream()
                        .map(incarnation -> incarnation(cluster, incarnation, backups, unique))
                        .toList(),
                listing.running().stream()
                        .map(running -> new RunningInfo(
                                running.label().value(), running.owner(), running.started(), running.lastAlive()))
                        .toList(),
                listing.damaged().entrySet().stream()
                        .sorted(Comparator.comparing(entry -> entry.getKey().value()))
                        .map(entry -> new DamagedInfo(
                                entry.getKey().value(),
                                entry.getValue().code().id(),
                                String.valueOf(entry.getValue().getMessage())))
                        .toList(),
                null,
                null);
    }

    private IncarnationInfo incarnation(
            ClusterCatalog cluster, Incarnation incarnation, List<BackupRecord> all, Map<Label, Long> unique) {
        monitor.checkCancelled();
        List<BackupRecord> backups = all.stream()
                .filter(backup -> backup.summary().facts().incarnation() == incarnation.number())
                .toList();
        WalArchive wal = cluster.wal(incarnation);
        // It lists each timeline once, for gaps and windows.
        try (RepositoryWalView view = new RepositoryWalView(wal, monitor)) {
            return new IncarnationInfo(
                    incarnation.number(),
                    incarnation.identity().systemIdentifierText(),
                    incarnation.identity().majorVersion(),
                    wal.timelines(view.timelines(), timeline -> spans(view, timeline)).stream()
                            .map(InfoAssembler::timeline)
                            .toList(),
                    windows(view, backups),
                    backups.stream()
                            .map(backup -> backup(backup, unique.getOrDefault(backup.label(), 0L)))
                            .toList());
        }
    }

    private static SegmentSpans spans(RepositoryWalView view, int timeline) {
        return new SegmentSpans(view.segments(timeline).runs().stream()
                .map(run -> new SegmentSpans.Span(run.first(), run.last()))
                .toList());
    }

    private static List<WindowInfo> windows(RepositoryWalView view, List<BackupRecord> backups) {
        if (backups.isEmpty()) {
            return List.of();
        }
        return RecoveryWindows.of(
                        backups.stream()
                                .filter(backup -> !backup.expiring())
                                .map(RestorePreparation::candidate)
                                .toList(),
                        view)
                .stream()
                .map(window -> new WindowInfo(window.timeline(), window.from(), window.to()))
                .toList();
    }

    private static TimelineInfo timeline(WalTimeline timeline) {
        return new TimelineInfo(
                timeline.timeline(),
                timeline.parent().isPresent() ? timeline.parent().getAsInt() : null,
                timeline.switchLsn().isValid() ? timeline.switchLsn().toString() : null,
                timeline.first().map(WalSegmentName::toString).orElse(null),
                timeline.last().map(WalSegmentName::toString).orElse(null),
                ranges(timeline.gaps()),
                ranges(timeline.removed()),
                ranges(timeline.leftOut()));
    }

    private static List<GapInfo> ranges(List<WalGap> ranges) {
        return ranges.stream()
                .map(range -> new GapInfo(range.from().toString(), range.to().toString()))
                .toList();
    }

    private BackupInfo backup(BackupRecord backup, long uniqueBytes) {
        var facts = backup.summary().facts();
        return new BackupInfo(
                backup.label().value(),
                backup.summary().type().id(),
                facts.parent().map(Label::value).orElse(null),
                facts.fallbackReason().orElse(null),
                facts.synthesisedFrom().map(Label::value).orElse(null),
                facts.timeline(),
                facts.startTime(),
                facts.stopTime(),
                facts.startLsn().toString(),
                facts.stopLsn().toString(),
                facts.databaseBytes(),
                facts.storedBytes(),
                uniqueBytes,
                facts.pageErrors(),
                backup.pinned(),
                backup.expiring(),
                facts.fromStandby(),
                new TreeMap<>(backup.annotations()),
                backup.lastVerify().map(recorded -> verify(backup, recorded)).orElse(null),
                backup.lastDrill().map(InfoAssembler::drill).orElse(null));
    }

    private @Nullable VerifyInfo verify(BackupRecord backup, BackupEvent.Recorded recorded) {
        return recorded.event() instanceof BackupEvent.Verified verified
                ? new VerifyInfo(
                        recorded.time(),
                        verified.verdict().verdict().id(),
                        verified.verdict().samplePercent(),
                        ReadCoverage.DAYS,
                        backup.readPercentSince(now.minus(Duration.ofDays(ReadCoverage.DAYS))),
                        backup.wholeReadSince().orElse(null),
                        verified.verdict().finding().orElse(null))
                : null;
    }

    private static @Nullable DrillInfo drill(BackupEvent.Recorded recorded) {
        return recorded.event() instanceof BackupEvent.Drilled drilled
                ? new DrillInfo(
                        recorded.time(),
                        drilled.verdict().good(),
                        drilled.verdict().restoreSeconds(),
                        drilled.verdict().finding().orElse(null))
                : null;
    }
}
