package io.pgbk.restore.plan;

import java.util.Comparator;
import java.util.List;

/** Which backups belong to a line of history: their data was written before the line left their timeline. */
final class BackupsOnLine {
    private BackupsOnLine() {}

    static boolean isOn(WalView wal, int timeline, BackupCandidate backup) {
        return wal.timelines()
                .history(timeline)
                .filter(history -> history.contains(backup.timeline(), backup.startLsn())
                        && history.contains(backup.timeline(), backup.stopLsn().plus(-1)))
                .isPresent();
    }

    static List<BackupCandidate> newestFirst(WalView wal, int timeline, List<BackupCandidate> backups) {
        return backups.stream()
                .filter(backup -> isOn(wal, timeline, backup))
                .sorted(Comparator.comparing(BackupCandidate::stopLsn)
                        .thenComparing(BackupCandidate::label)
                        .reversed())
                .toList();
    }
}
