package io.pgbk.cli.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a configuration key may hold; turns the written text into a value or says what would be right. */
public sealed interface ValueType {
    /**
     * Reads a value.
     *
     * @throws IllegalArgumentException whose message says what is expected
     */
    Object parse(String text);

    /** What may stand there, for people. */
    String describe();

    /** Whether a quoted value is refused: a number in quotes is a text. */
    default boolean plainOnly() {
        return false;
    }

    /** Any text that matches a pattern. */
    record Text(Pattern pattern, String describe) implements ValueType {
        @Override
        public Object parse(String text) {
            require(pattern.matcher(text).matches(), describe);
            return text;
        }
    }

    /** One of a few words. */
    record Choice(List<String> words) implements ValueType {
        public Choice(String... words) {
            this(List.of(words));
        }

        @Override
        public Object parse(String text) {
            if (!words.contains(text)) {
                String nearest = NearestName.of(text, words)
                        .map(word -> "; did you mean \"" + word + "\"?")
                        .orElse("");
                throw new IllegalArgumentException("expected " + describe() + nearest);
            }
            return text;
        }

        @Override
        public String describe() {
            return words.size() == 1 ? "`" + words.getFirst() + "`" : "one of `" + String.join("`, `", words) + "`";
        }
    }

    /** {@code true} or {@code false}. */
    record Flag() implements ValueType {
        @Override
        public Object parse(String text) {
            require(text.equals("true") || text.equals("false"), describe());
            return text.equals("true");
        }

        @Override
        public String describe() {
            return "`true` or `false`";
        }

        @Override
        public boolean plainOnly() {
            return true;
        }
    }

    /** A whole number between two others, both included. */
    record WholeNumber(int least, int most) implements ValueType {
        @Override
        public Object parse(String text) {
            return between(least, most, text, describe());
        }

        /** The number, or an error that says what was expected. */
        private static int between(int least, int most, String text, String expected) {
            try {
                int number = Integer.parseInt(text);
                require(number >= least && number <= most && !text.startsWith("+"), expected);
                return number;
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("expected " + expected, e);
            }
        }

        @Override
        public String describe() {
            return "a whole number from " + least + " to " + most;
        }

        @Override
        public boolean plainOnly() {
            return true;
        }
    }

    /** A whole percentage between two others, both included, or {@code off}, which is 0. */
    record Percent(int least, int most) implements ValueType {
        private static final String OFF = "off";

        @Override
        public Object parse(String text) {
            return text.equals(OFF) ? 0 : WholeNumber.between(least, most, text, describe());
        }

        @Override
        public String describe() {
            return "a whole number from " + least + " to " + most + ", in percent, or `" + OFF + "`";
        }

        @Override
        public boolean plainOnly() {
            return true;
        }
    }

    /** A time span with its unit, {@code 500ms} to {@code 14d}. */
    record Span(Duration least, Duration most) implements ValueType {
        private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|min|h|d)");

        @Override
        public Object parse(String text) {
            Matcher matcher = FORM.matcher(text);
            require(matcher.matches(), describe());
            long amount = Long.parseLong(matcher.group(1));
            Duration span = switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "min" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
            };
            require(span.compareTo(least) >= 0 && span.compareTo(most) <= 0, describe());
            return span;
        }

        @Override
        public String describe() {
            return "a time span from " + show(least) + " to " + show(most) + " with its unit (ms, s, min, h, d)";
        }

        /** A span in its largest whole unit. */
        public static String show(Duration span) {
            if (span.toMillisPart() != 0) {
                return span.toMillis() + "ms";
            }
            if (span.toSecondsPart() != 0) {
                return span.toSeconds() + "s";
            }
            if (span.toMinutesPart() != 0) {
                return span.toMinutes() + "min";
            }
            return span.toHoursPart() != 0 ? span.toHours() + "h" : span.toDays() + "d";
        }
    }

    /** Bytes per second, for example {@code 50MiB}. */
    record ByteRate() implements ValueType {
        private static final long LEAST = 64 * 1024;

        @Override
        public Object parse(String text) {
            return ByteSize.parse(text, LEAST, describe());
        }

        @Override
        public String describe() {
            return "bytes per second with their unit (B, kB, KiB, MB, MiB, GB, GiB), at least 64KiB";
        }
    }

    /**
     * Bytes, for example {@code 256MiB}.
     *
     * @param least whole mebibytes
     */
    record ByteSize(long least) implements ValueType {
        private static final Pattern FORM = Pattern.compile("([0-9]{1,12})(B|kB|KiB|MB|MiB|GB|GiB)");

        @Override
        public Object parse(String text) {
            return parse(text, least, describe());
        }

        private static Long parse(String text, long least, String description) {
            Matcher matcher = FORM.matcher(text);
            require(matcher.matches(), description);
            long unit = switch (matcher.group(2)) {
                case "kB" -> 1_000;
                case "KiB" -> 1L << 10;
                case "MB" -> 1_000_000;
                case "MiB" -> 1L << 20;
                case "GB" -> 1_000_000_000;
                case "GiB" -> 1L << 30;
                default -> 1;
            };
            long amount = Long.parseLong(matcher.group(1));
            require(amount <= (1L << 50) / unit && amount * unit >= least, description);
            return amount * unit;
        }

        @Override
        public String describe() {
            return "bytes with their unit (B, kB, KiB, MB, MiB, GB, GiB), at least " + (least >> 20) + "MiB";
        }
    }

    /** Bytes as {@link ByteSize} at most, or {@code off}, which is 0. */
    record ByteLimit() implements ValueType {
        private static final long LEAST = 1L << 20;

        @Override
        public Object parse(String text) {
            return text.equals("off") ? 0L : ByteSize.parse(text, LEAST, describe());
        }

        @Override
        public String describe() {
            return new ByteSize(LEAST).describe() + ", or `off`";
        }
    }

    /** An absolute path. */
    record AbsolutePath() implements ValueType {
        @Override
        public Object parse(String text) {
            require(text.startsWith("/") && text.indexOf('\0') < 0, describe());
            return text;
        }

        @Override
        public String describe() {
            return "an absolute path";
        }
    }

    /** Where a repository is: {@code s3://bucket/prefix} or {@code file:///directory}. */
    record RepositoryUrl() implements ValueType {
        private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
        private static final Pattern S3 = Pattern.compile("s3://" + BUCKET + "(/[A-Za-z0-9!_.*'()=+-]+)*/?");
        private static final Pattern FILE = Pattern.compile("file:///[^?#\0]+");

        @Override
        public Object parse(String text) {
            require(!text.contains("@"), "an address without user name and secret; credentials have keys of their own");
            if (text.matches("s3://[^/]*(/.*)?")) {
                String bucket = text.substring("s3://".length()).replaceFirst("(?s)/.*", "");
                require(
                        BUCKET.matcher(bucket).matches(),
                        "a bucket's name of 3 to 63 lower-case letters, digits, points and - after s3://, found \""
                                + bucket + "\"");
            }
            boolean dots = text.contains("/./") || text.contains("/../") || text.endsWith("/..") || text.endsWith("/.");
            require(!dots && (S3.matcher(text).matches() || FILE.matcher(text).matches()), describe());
            return text;
        }

        @Override
        public String describe() {
            return "`s3://bucket/prefix` or `file:///directory`";
        }
    }

    /** The address of a service over http or https, without user, query and fragment. */
    record HttpUrl() implements ValueType {
        @Override
        public Object parse(String text) {
            URI uri;
            try {
                uri = new URI(text);
            } catch (URISyntaxException e) {
                throw new IllegalArgumentException("expected " + describe(), e);
            }
            String scheme = uri.getScheme();
            require(scheme != null && (scheme.equals("https") || scheme.equals("http")), describe());
            require(uri.getHost() != null && uri.getRawUserInfo() == null && uri.getRawFragment() == null, describe());
            return uri;
        }

        @Override
        public String describe() {
            return "an address like `https://s3.example.net`";
        }
    }

    /** A Quartz cron expression. */
    record Cron() implements ValueType {
        @Override
        public Object parse(String text) {
            CronSyntax.check(text);
            return text;
        }

        @Override
        public String describe() {
            return "a Quartz cron expression: seconds minutes hours day-of-month month day-of-week [year]";
        }
    }

    /** A time zone. */
    record Zone() implements ValueType {
        @Override
        public Object parse(String text) {
            try {
                return ZoneId.of(text);
            } catch (DateTimeException e) {
                String nearest = NearestName.of(text, ZoneId.getAvailableZoneIds())
                        .map(zone -> "; did you mean \"" + zone + "\"?")
                        .orElse("");
                throw new IllegalArgumentException("expected " + describe() + nearest, e);
            }
        }

        @Override
        public String describe() {
            return "a time zone like `UTC` or `Europe/Berlin`";
        }
    }

    /** A host and a port to listen at. */
    record ListenAddress() implements ValueType {
        private static final Pattern FORM = Pattern.compile("(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):([0-9]{1,5})");

        @Override
        public Object parse(String text) {
            Matcher matcher = FORM.matcher(text);
            require(matcher.matches() && Integer.parseInt(matcher.group(2)) <= 65_535, describe());
            return text.toLowerCase(Locale.ROOT);
        }

        @Override
        public String describe() {
            return "a host and a port like `127.0.0.1:8432`";
        }
    }

    private static void require(boolean right, String expected) {
        if (!right) {
            throw new IllegalArgumentException("expected " + expected);
        }
    }
}
