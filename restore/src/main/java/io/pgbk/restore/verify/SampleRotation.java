package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SampleArc;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Chooses samples so that runs one after the other read everything: each begins where the last recorded one ended. */
final class SampleRotation {
    private SampleRotation() {}

    private record Last(Instant time, SampleArc arc) {}

    /**
     * The sample of the next run.
     *
     * @param backups those that the run verifies
     * @param random where to begin when no run recorded where it ended (nobody may write events, perhaps)
     */
    static SampleArc next(List<BackupRecord> backups, double percent, RandomGenerator random) {
        if (percent >= 100) {
            return SampleArc.WHOLE;
        }
        // Of the backup that waits longest: runs for single backups in between do not move the others' turn.
        double from = backups.stream()
                .flatMap(backup -> last(backup).stream())
                .min(Comparator.comparing(Last::time))
                .map(last -> last.arc().end())
                .orElseGet(() -> random.nextDouble() * 100);
        return new SampleArc(from < 100 ? from : 0, percent);
    }

    private static Optional<Last> last(BackupRecord backup) {
        return backup.lastVerify()
                .flatMap(recorded -> recorded.event() instanceof BackupEvent.Verified verified
                        ? verified.verdict().arc().map(arc -> new Last(recorded.time(), arc))
                        : Optional.empty());
    }
}
