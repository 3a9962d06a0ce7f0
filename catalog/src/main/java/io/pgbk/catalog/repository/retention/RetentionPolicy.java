package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What must stay: the union of all rules. A policy without any rule keeps everything.
 *
 * @param full how many of the newest good full backups stay on the way to each end of the timeline tree, with all
 *     backups after the oldest of them
 * @param window how far back every moment stays restorable
 * @param weekly in how many of the newest weeks (ISO, from Monday) with a good full the first one stays
 * @param monthly in how many of the newest months with a good full the first one stays
 * @param yearly in how many of the newest years with a good full the last one stays
 * @param zone whose calendar counts; UTC where no rule asks a calendar
 * @param grace how long the objects of an expired backup stay for those who read it already
 */
public record RetentionPolicy(
        OptionalInt full, Optional<Duration> window, int weekly, int monthly, int yearly, ZoneId zone, Duration grace) {
    /** The grace period that holds when nothing else is said. */
    public static final Duration DEFAULT_GRACE = BackupCatalog.GRACE;

    static final int MAX_COUNT = 10_000;
    static final Duration MAX_WINDOW = Duration.ofDays(36_500);
    static final Duration MAX_GRACE = Duration.ofDays(365);

    public RetentionPolicy {
        full.ifPresent(count -> requireRange("full", count, 1));
        requireRange("weekly", weekly, 0);
        requireRange("monthly", monthly, 0);
        requireRange("yearly", yearly, 0);
        window.ifPresent(span -> {
            if (span.compareTo(Duration.ZERO) <= 0 || span.compareTo(MAX_WINDOW) > 0) {
                throw refused("window", span.toString(), "more than nothing and at most 36500 days");
            }
        });
        if (grace.isNegative() || grace.compareTo(MAX_GRACE) > 0) {
            throw refused("grace", grace.toString(), "0 to 365 days");
        }
        zone = weekly == 0 && monthly == 0 && yearly == 0 ? ZoneOffset.UTC : zone.normalized();
    }

    private static void requireRange(String rule, int count, int min) {
        if (count < min || count > MAX_COUNT) {
            throw refused(rule, Integer.toString(count), min + " to " + MAX_COUNT);
        }
    }

    private static PgbkException refused(String rule, String value, String allowed) {
        return new PgbkException(
                ErrorCode.USAGE, "retention rule " + rule + " is " + value, "It must be " + allowed + ".");
    }

    /** Whether no rule is given, so that nothing ever expires. */
    public boolean keepsEverything() {
        return full.isEmpty() && window.isEmpty() && weekly == 0 && monthly == 0 && yearly == 0;
    }
}
