package io.pgbk.restore.target;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Target times as people write them: ISO 8601 and PostgreSQL's own output, for example {@code 2026-11-21T03:15:00Z} or
 * {@code 2026-11-21 03:15:00.5+01}.
 */
public final class TargetTime {
    private static final Pattern SHAPE = Pattern.compile(
            "(\\d{4})-(\\d{1,2})-(\\d{1,2})" // date
                    + "(?:[ ]+|[Tt])(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?" // time of day
                    + "\\s*(?:([Zz]|UTC|GMT)|([+-])(\\d{1,2})(?::?(\\d{2})(?::?(\\d{2}))?)?|([A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+))?");
    private static final DateTimeFormatter POSTGRES = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
    private static final String HINT =
            "Write it like 2026-11-21 03:15:00+01 or 2026-11-21T02:15:00Z, quoted for the shell.";

    private TargetTime() {}

    /**
     * Reads a time.
     *
     * @param defaultZone the configured {@code time-zone}, or null when there is none: a time without a zone is then
     *     refused, because guessing it is how people restore to the wrong hour
     * @throws PgbkException USAGE when the text is no time, names no zone, or a local time that the zone's clock change
     *     skips or repeats
     */
    public static Instant parse(String text, @Nullable ZoneId defaultZone) {
        Matcher m = SHAPE.matcher(text.strip());
        if (!m.matches()) {
            throw new PgbkException(ErrorCode.USAGE, "'" + text + "' is not a time", HINT);
        }
        LocalDateTime local;
        try {
            String fraction = m.group(7) == null ? "0" : m.group(7);
            local = LocalDateTime.of(
                    number(m, 1),
                    number(m, 2),
                    number(m, 3),
                    number(m, 4),
                    number(m, 5),
                    m.group(6) == null ? 0 : number(m, 6),
                    Integer.parseInt((fraction + "00000000").substring(0, 9)));
        } catch (DateTimeException e) {
            throw new PgbkException(ErrorCode.USAGE, "'" + text + "' is not a time: " + e.getMessage(), HINT, e);
        }
        if (m.group(8) != null) {
            return local.toInstant(ZoneOffset.UTC);
        }
        if (m.group(9) != null) {
            return local.toInstant(offset(text, m));
        }
        ZoneId zone = m.group(13) != null ? namedZone(text, m.group(13)) : defaultZone;
        if (zone == null) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "time '" + text + "' has no time zone",
                    "Add an offset, for example '" + text.strip() + "+00', or configure time-zone.");
        }
        return unambiguous(text, local, zone);
    }

    /** As PostgreSQL prints and takes it, in UTC with a numeric offset: {@code 2026-11-21 02:15:00.5+00}. */
    public static String format(Instant time) {
        LocalDateTime utc = LocalDateTime.ofInstant(time, ZoneOffset.UTC);
        StringBuilder out = new StringBuilder(POSTGRES.format(utc));
        int micros = utc.get(ChronoField.MICRO_OF_SECOND);
        if (micros != 0) {
            String digits = Integer.toString(1_000_000 + micros).substring(1).replaceFirst("0+$", "");
            out.append('.').append(digits);
        }
        return out.append("+00").toString();
    }

    private static Instant unambiguous(String text, LocalDateTime local, ZoneId zone) {
        List<ZoneOffset> offsets = zone.getRules().getValidOffsets(local);
        if (offsets.size() != 1) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "time '" + text + "' " + (offsets.isEmpty() ? "does not exist" : "happened twice") + " in " + zone
                            + " because of a clock change",
                    "Give the offset from UTC"
                            + (offsets.isEmpty() ? "." : ", " + offsets.getFirst() + " or " + offsets.getLast() + "."));
        }
        return local.toInstant(offsets.getFirst());
    }

    private static ZoneOffset offset(String text, Matcher m) {
        int seconds = number(m, 10) * 3600 + optional(m, 11) * 60 + optional(m, 12);
        try {
            return ZoneOffset.ofTotalSeconds(m.group(9).equals("-") ? -seconds : seconds);
        } catch (DateTimeException e) {
            throw new PgbkException(ErrorCode.USAGE, "'" + text + "' has an impossible offset from UTC", HINT, e);
        }
    }

    private static ZoneId namedZone(String text, String name) {
        try {
            return ZoneId.of(name);
        } catch (DateTimeException e) {
            throw new PgbkException(ErrorCode.USAGE, "'" + text + "' names an unknown time zone", HINT, e);
        }
    }

    private static int number(Matcher m, int group) {
        return Integer.parseInt(m.group(group));
    }

    private static int optional(Matcher m, int group) {
        return m.group(group) == null ? 0 : number(m, group);
    }
}
