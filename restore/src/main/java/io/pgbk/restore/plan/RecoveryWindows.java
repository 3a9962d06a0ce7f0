package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.restore.target.TargetTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** To which moments a cluster can be restored: for {@code info}, and for the messages of refused restores. */
public final class RecoveryWindows {
    private RecoveryWindows() {}

    /**
     * The windows of every timeline, by timeline and time. A hole in the WAL ends a window; a backup behind the hole
     * begins the next. An abandoned timeline keeps its own.
     *
     * @param backups in any order; those with a negative verdict do not count
     */
    public static List<RecoveryWindow> of(List<BackupCandidate> backups, WalView wal) {
        CommitTimes times = new CommitTimes(wal);
        List<RecoveryWindow> windows = new ArrayList<>();
        for (int timeline : wal.timelines().timelines()) {
            for (SegmentRuns.Run run : wal.segments(timeline).runs()) {
                entry(backups, wal, times, timeline, run)
                        .ifPresent(from -> windows.add(new RecoveryWindow(
                                timeline,
                                from,
                                end(wal, timeline, run)
                                        .filter(to -> to.isAfter(from))
                                        .orElse(from))));
            }
        }
        return windows;
    }

    /** For messages: {@code 2026-11-21 03:15:00+00 to 2026-11-22 11:00:00+00 on timeline 2}. */
    public static String describe(List<RecoveryWindow> windows) {
        return windows.stream()
                .map(window -> TargetTime.format(window.from()) + " to " + TargetTime.format(window.to())
                        + " on timeline " + Integer.toUnsignedString(window.timeline()))
                .collect(Collectors.joining(", "));
    }

    private static Optional<Instant> entry(
            List<BackupCandidate> backups, WalView wal, CommitTimes times, int timeline, SegmentRuns.Run run) {
        Lsn start =
                wal.timelines().history(timeline).map(TimelineHistory::startLsn).orElse(Lsn.INVALID);
        boolean fromParent = start.isValid()
                && run.first() <= start.segmentNumber(wal.segmentSize())
                && start.segmentNumber(wal.segmentSize()) <= run.last()
                && backups.stream()
                        .filter(backup -> !backup.verdictNegative() && backup.timeline() != timeline)
                        .filter(backup -> BackupsOnLine.isOn(wal, timeline, backup))
                        .map(backup -> Route.along(wal, timeline, backup.startLsn()))
                        .anyMatch(route -> route.stepAt(run.last()).isPresent());
        if (fromParent) {
            Instant beginning = times.beginningOf(timeline);
            if (!beginning.equals(Instant.MIN)) {
                return Optional.of(beginning);
            }
        }
        return backups.stream()
                .filter(backup -> !backup.verdictNegative() && backup.timeline() == timeline)
                .filter(backup -> backup.startLsn().segmentNumber(wal.segmentSize()) >= run.first()
                        && backup.stopLsn().plus(-1).segmentNumber(wal.segmentSize()) <= run.last())
                .min(Comparator.comparing(BackupCandidate::stopLsn))
                .map(times::reachableFrom);
    }

    private static Optional<Instant> end(WalView wal, int timeline, SegmentRuns.Run run) {
        for (long number = run.last(); number >= run.first(); number--) {
            SegmentFacts facts = wal.facts(timeline, number);
            Optional<Instant> newest = CommitTimes.newestMoment(facts);
            if (newest.isPresent() || !facts.known()) {
                return newest;
            }
        }
        return Optional.empty();
    }
}
