package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SampleArc;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How much of the data of listed backups verifications read, of the backup of which least was read.
 *
 * @param days how far it looks back
 * @param percent of its packs, 0 to 100, read in these days
 * @param wholeSince all data of all backups was read since then; empty when not all of it ever was
 */
public record ReadCoverage(int days, double percent, Optional<Instant> wholeSince) {
    /** How far reports look back. */
    public static final int DAYS = 30;

    /** The coverage of these backups at a moment; complete when there are none. */
    public static ReadCoverage of(List<BackupRecord> backups, Instant now) {
        Instant since = now.minus(Duration.ofDays(DAYS));
        double percent = backups.stream()
                .mapToDouble(backup -> backup.readPercentSince(since))
                .min()
                .orElse(SampleArc.WHOLE.percent());
        List<Optional<Instant>> whole =
                backups.stream().map(BackupRecord::wholeReadSince).toList();
        return new ReadCoverage(
                DAYS,
                percent,
                whole.stream().allMatch(Optional::isPresent)
                        ? whole.stream().flatMap(Optional::stream).min(Comparator.naturalOrder())
                        : Optional.empty());
    }
}
