package io.pgbk.postgres;

import java.util.Locale;
import java.util.Optional;

/**
 * The name of any file that PostgreSQL hands to archive_command or asks restore_command for. {@code toString} is the
 * file name.
 */
public sealed interface WalFileName {
    /** The timeline that the name names. */
    int timeline();

    /** A whole segment: 24 digits. */
    record Segment(WalSegmentName name) implements WalFileName {
        @Override
        public int timeline() {
            return name.timeline();
        }

        @Override
        public String toString() {
            return name.toString();
        }
    }

    /** The last, incomplete segment of a timeline that was left by a promotion: 24 digits and {@code .partial}. */
    record Partial(WalSegmentName name) implements WalFileName {
        @Override
        public int timeline() {
            return name.timeline();
        }

        @Override
        public String toString() {
            return name + PARTIAL_SUFFIX;
        }
    }

    /**
     * A backup history file: the segment in which the backup started, the offset of its start in the segment, and
     * {@code .backup}.
     */
    record BackupHistory(WalSegmentName name, int offset) implements WalFileName {
        @Override
        public int timeline() {
            return name.timeline();
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%s.%08X%s", name, offset, BACKUP_SUFFIX);
        }
    }

    /** The history of a timeline: eight digits and {@code .history}. */
    record History(int timeline) implements WalFileName {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%08X%s", timeline, HISTORY_SUFFIX);
        }
    }

    /** The end of a partial segment's name. */
    String PARTIAL_SUFFIX = ".partial";

    /** The end of a backup history file's name. */
    String BACKUP_SUFFIX = ".backup";

    /** The end of a timeline history file's name. */
    String HISTORY_SUFFIX = ".history";

    /** What a file name (without any directory) is, or empty when PostgreSQL archives no file of such a name. */
    static Optional<WalFileName> parse(String fileName) {
        if (fileName.length() == 8 + HISTORY_SUFFIX.length()
                && fileName.endsWith(HISTORY_SUFFIX)
                && Hex.isUpper(fileName, 0, 8)) {
            int timeline = Integer.parseUnsignedInt(fileName, 0, 8, 16);
            return timeline == 0 ? Optional.empty() : Optional.of(new History(timeline));
        }
        if (fileName.length() < WalSegmentName.LENGTH) {
            return Optional.empty();
        }
        String rest = fileName.substring(WalSegmentName.LENGTH);
        return WalSegmentName.tryParse(fileName.substring(0, WalSegmentName.LENGTH))
                .flatMap(name -> withSuffix(name, rest));
    }

    private static Optional<WalFileName> withSuffix(WalSegmentName name, String rest) {
        if (rest.isEmpty()) {
            return Optional.of(new Segment(name));
        }
        if (rest.equals(PARTIAL_SUFFIX)) {
            return Optional.of(new Partial(name));
        }
        boolean backup = rest.length() == 9 + BACKUP_SUFFIX.length()
                && rest.charAt(0) == '.'
                && Hex.isUpper(rest, 1, 9)
                && rest.endsWith(BACKUP_SUFFIX);
        return backup
                ? Optional.of(new BackupHistory(name, Integer.parseUnsignedInt(rest, 1, 9, 16)))
                : Optional.empty();
    }
}
