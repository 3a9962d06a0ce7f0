package io.pgbk.cli.config;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Checks Quartz cron expressions, so that a wrong one is found when the configuration is read and not when the service
 * starts. Source: the Quartz scheduler's CronTrigger tutorial.
 */
final class CronSyntax {
    private static final List<String> MONTHS =
            List.of("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC");
    private static final List<String> DAYS = List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");
    private static final Pattern LAST_DAY_OF_MONTH = Pattern.compile("L(-([12]?[0-9]|30))?W?|([12]?[0-9]|3[01])W");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,4}");

    private static final int DAY_OF_MONTH_POSITION = 3;
    private static final int DAY_OF_WEEK_POSITION = 5;

    private CronSyntax() {}

    private enum Field {
        SECONDS("seconds", 0, 59),
        MINUTES("minutes", 0, 59),
        HOURS("hours", 0, 23),
        DAY_OF_MONTH("day of month", 1, 31),
        MONTH("month", 1, 12),
        DAY_OF_WEEK("day of week", 1, 7),
        YEAR("year", 1970, 2199);

        private final String title;
        private final int least;
        private final int most;

        Field(String title, int least, int most) {
            this.title = title;
            this.least = least;
            this.most = most;
        }

        private int number(String text) {
            if (NUMBER.matcher(text).matches()) {
                return Integer.parseInt(text);
            }
            return switch (this) {
                case MONTH -> MONTHS.indexOf(text) + 1;
                case DAY_OF_WEEK -> DAYS.indexOf(text) + 1;
                case SECONDS, MINUTES, HOURS, DAY_OF_MONTH, YEAR -> -1;
            };
        }
    }

    /** Refuses a wrong expression with an {@link IllegalArgumentException} that says why. */
    static void check(String text) {
        String[] parts = text.strip().toUpperCase(Locale.ROOT).split("\\s+", -1);
        if (parts.length == 5) {
            throw new IllegalArgumentException(
                    "expected six or seven fields: Quartz cron begins with the seconds, write \"0 " + text.strip()
                            + "\" with a ? for one of the two day fields");
        }
        if (parts.length < 6 || parts.length > 7) {
            throw new IllegalArgumentException(
                    "expected six or seven fields: seconds minutes hours day-of-month month day-of-week [year]");
        }
        for (int i = 0; i < parts.length; i++) {
            checkField(Field.values()[i], parts[i]);
        }
        if (parts[DAY_OF_MONTH_POSITION].equals("?") == parts[DAY_OF_WEEK_POSITION].equals("?")) {
            throw new IllegalArgumentException("expected a ? in exactly one of day of month and day of week");
        }
    }

    private static void checkField(Field field, String text) {
        boolean dayField = field == Field.DAY_OF_MONTH || field == Field.DAY_OF_WEEK;
        if (text.equals("*") || (dayField && text.equals("?"))) {
            return;
        }
        for (String item : text.split(",", -1)) {
            if (!isItem(field, item)) {
                throw new IllegalArgumentException("expected " + field.least + " to " + field.most + " in the field "
                        + field.title + ", found \"" + item + "\"");
            }
        }
    }

    private static boolean isItem(Field field, String item) {
        if (field == Field.DAY_OF_MONTH && LAST_DAY_OF_MONTH.matcher(item).matches()) {
            return true;
        }
        if (field == Field.DAY_OF_WEEK) {
            if (item.equals("L")) {
                return true;
            }
            int hash = item.indexOf('#');
            if (hash > 0) {
                return inRange(field, item.substring(0, hash))
                        && item.substring(hash + 1).matches("[1-5]");
            }
            if (item.endsWith("L")) {
                return inRange(field, item.substring(0, item.length() - 1));
            }
        }
        String range = item;
        int slash = item.indexOf('/');
        if (slash >= 0) {
            String step = item.substring(slash + 1);
            if (!NUMBER.matcher(step).matches() || Integer.parseInt(step) < 1 || Integer.parseInt(step) > field.most) {
                return false;
            }
            range = item.substring(0, slash);
            if (range.equals("*") || range.isEmpty()) {
                return true;
            }
        }
        int dash = range.indexOf('-');
        return dash < 0
                ? inRange(field, range)
                : inRange(field, range.substring(0, dash)) && inRange(field, range.substring(dash + 1));
    }

    private static boolean inRange(Field field, String text) {
        int number = field.number(text);
        return number >= field.least && number <= field.most;
    }
}
