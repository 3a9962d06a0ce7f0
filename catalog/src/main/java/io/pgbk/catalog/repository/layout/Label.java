package io.pgbk.catalog.repository.layout;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a backup: the UTC second at which it began by the host's clock, four random characters and its type, for
 * example {@code 20261121T031500Z-7k2f-full}. It says nothing about the order of backups: clocks go back.
 */
public record Label(String value, BackupType type) {
    private static final Pattern FORM = Pattern.compile("([0-9]{8}T[0-9]{6}Z)-([a-z0-9]{4})-(full|diff|incr)");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withResolverStyle(ResolverStyle.STRICT);
    private static final String RANDOM_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

    /**
     * A label that was parsed.
     *
     * @throws IllegalArgumentException when value is not a label of this type
     */
    public Label {
        if (!parse(value, type)) {
            throw new IllegalArgumentException("not a backup label: " + Printable.of(value));
        }
    }

    /** Makes a new label; whether it is free shows only when it is created. */
    public static Label generate(Instant now, RandomGenerator random, BackupType type) {
        StringBuilder text = new StringBuilder(TIME.format(now.atOffset(ZoneOffset.UTC))).append('-');
        for (int i = 0; i < 4; i++) {
            text.append(RANDOM_CHARACTERS.charAt(random.nextInt(RANDOM_CHARACTERS.length())));
        }
        return new Label(text.append('-').append(type.suffix()).toString(), type);
    }

    /** Reads a label, empty when the text is none. */
    public static Optional<Label> parse(String text) {
        int dash = text.lastIndexOf('-');
        return BackupType.ofSuffix(text.substring(dash + 1))
                .filter(type -> parse(text, type))
                .map(type -> new Label(text, type));
    }

    /**
     * Reads a label that a person typed.
     *
     * @throws PgbkException with code USAGE when the text is no label
     */
    public static Label require(String text) {
        return parse(text)
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.USAGE,
                        "\"" + Printable.of(text) + "\" is not a backup label",
                        "Labels look like 20261121T031500Z-7k2f-full; `pgbk info` lists them."));
    }

    private static boolean parse(String text, BackupType type) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || !matcher.group(3).equals(type.suffix())) {
            return false;
        }
        try {
            LocalDateTime.parse(matcher.group(1), TIME);
            return true;
        } catch (DateTimeException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
