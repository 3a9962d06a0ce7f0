package io.pgbk.cli.output;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Sizes, times and spans as people read them. */
public final class Units {
    private static final String[] NAMES = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private Units() {}

    /** A size in its largest unit, {@code 1.4 GiB}. */
    public static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1023.95 && unit < NAMES.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0
                ? bytes + " B"
                : String.format(Locale.ROOT, value >= 99.95 ? "%.0f %s" : "%.1f %s", value, NAMES[unit]);
    }

    /** A span, {@code 3 d 4 h}, {@code 2 min 5 s}, {@code 1.3 s}. */
    public static String span(Duration span) {
        long seconds = span.toSeconds();
        if (seconds < 10) {
            return String.format(Locale.ROOT, "%.1f s", span.toMillis() / 1000.0);
        }
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return seconds / 60 + " min " + seconds % 60 + " s";
        }
        return seconds < 86_400
                ? seconds / 3600 + " h " + seconds / 60 % 60 + " min"
                : seconds / 86_400 + " d " + seconds / 3600 % 24 + " h";
    }

    /** How long ago something was, in its largest unit, {@code 2 h ago}; {@code just now} below a minute. */
    public static String ago(Duration span) {
        long minutes = span.toMinutes();
        if (minutes < 1) {
            return "just now";
        }
        if (minutes < 60) {
            return minutes + " min ago";
        }
        return minutes < 48 * 60 ? minutes / 60 + " h ago" : minutes / 1440 + " d ago";
    }

    /** A share, {@code 100 %}, {@code 2.5 %}; never 100 when something is missing. */
    public static String percent(double percent) {
        double shown = percent < 100 ? Math.min(99.9, Math.round(percent * 10) / 10.0) : 100;
        return shown == Math.rint(shown) ? (long) shown + " %" : shown + " %";
    }

    /** A time in UTC to the second, {@code 2026-11-21 03:15:00Z}. */
    public static String time(Instant time) {
        return TIME.format(time) + "Z";
    }

    /** A count with its noun. */
    public static String count(long count, String singular, String plural) {
        return count + " " + (count == 1 ? singular : plural);
    }
}
