package io.pgbk.restore.target;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;

/** Which line of history a restore follows. */
public sealed interface TimelineChoice {
    /** Nothing asked for: the line that the target lies on, the newest one where several do. */
    record Automatic() implements TimelineChoice {}

    /** The line of the newest timeline in the archive. */
    record Newest() implements TimelineChoice {}

    /** The timeline of the backup itself. */
    record OfBackup() implements TimelineChoice {}

    /** Exactly this timeline. */
    record Numbered(int timeline) implements TimelineChoice {
        public Numbered {
            if (timeline < 1) {
                throw new PgbkException(ErrorCode.USAGE, "timeline " + timeline + " is below 1");
            }
        }
    }

    /** Parses {@code latest}, {@code current} or a number: decimal, or hexadecimal with {@code 0x} as in file names. */
    static TimelineChoice parse(String text) {
        return switch (text.strip()) {
            case "latest" -> new Newest();
            case "current" -> new OfBackup();
            default -> numbered(text.strip());
        };
    }

    private static TimelineChoice numbered(String text) {
        try {
            return new Numbered(Integer.decode(text.matches("0+[1-9].*") ? text.replaceFirst("^0+", "") : text));
        } catch (NumberFormatException e) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "'" + text + "' is not a timeline",
                    "Write latest, current or a number; 0x1F for the hexadecimal form of file names.",
                    e);
        }
    }
}
