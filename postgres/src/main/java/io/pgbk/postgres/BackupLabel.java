package io.pgbk.postgres;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The content of {@code backup_label}: with it beside the data, PostgreSQL starts recovery at the backup's checkpoint.
 * A backup history file ({@code .backup} in the archive) has the same lines and says where the backup ended.
 *
 * <p>Source: PostgreSQL's build_backup_content (access/transam/xlogbackup.c). Texts are bytes shown 1:1 as characters
 * (ISO 8859-1).
 *
 * @param startLsn where the WAL that the backup needs begins
 * @param startSegment the file that holds it
 * @param checkpointLsn the record of the checkpoint that began the backup
 * @param method {@code streamed}, or {@code pg_start_backup} of the exclusive mode that ended with 14
 * @param fromStandby whether a standby was copied
 * @param startTime when it began, as PostgreSQL wrote it (in log_timezone)
 * @param label what the caller named it
 * @param startTimeline the timeline on which it began
 * @param incrementalFrom where the parent of one of PostgreSQL's own incremental backups began
 * @param stop where it ended; only in a backup history file
 */
public record BackupLabel(
        Lsn startLsn,
        WalSegmentName startSegment,
        Lsn checkpointLsn,
        String method,
        boolean fromStandby,
        String startTime,
        String label,
        int startTimeline,
        Optional<IncrementalFrom> incrementalFrom,
        Optional<Stop> stop) {
    /** The file's name in the data directory. */
    public static final String FILE_NAME = "backup_label";

    private static final int MAX_BYTES = 64 << 10;
    private static final Pattern START = Pattern.compile("(\\S+) \\(file ([0-9A-F]{24})\\)");

    /** The parent of an incremental backup of PostgreSQL 17 and later. */
    public record IncrementalFrom(Lsn lsn, int timeline) {}

    /** The end of a backup: the address behind its last record, the server's time as text, the timeline. */
    public record Stop(Lsn lsn, String time, int timeline) {}

    /**
     * Reads a backup_label or a backup history file.
     *
     * @throws PgbkException with code OBJECT_DAMAGED when a line that PostgreSQL needs is missing or wrong
     */
    public static BackupLabel parse(byte[] content) {
        if (content.length > MAX_BYTES) {
            throw damaged("it has " + content.length + " bytes");
        }
        Map<String, String> lines = lines(new String(content, StandardCharsets.ISO_8859_1));
        Matcher start = START.matcher(need(lines, "START WAL LOCATION"));
        if (!start.matches()) {
            throw damaged("its START WAL LOCATION is '" + need(lines, "START WAL LOCATION") + "'");
        }
        WalSegmentName segment = WalSegmentName.tryParse(start.group(2))
                .orElseThrow(() -> damaged("its START WAL LOCATION names no segment"));
        return new BackupLabel(
                lsn("START WAL LOCATION", start.group(1)),
                segment,
                lsn("CHECKPOINT LOCATION", need(lines, "CHECKPOINT LOCATION")),
                need(lines, "BACKUP METHOD"),
                need(lines, "BACKUP FROM").equals("standby"),
                need(lines, "START TIME"),
                need(lines, "LABEL"),
                timeline(lines, "START TIMELINE"),
                lines.containsKey("INCREMENTAL FROM LSN")
                        ? Optional.of(new IncrementalFrom(
                                lsn("INCREMENTAL FROM LSN", need(lines, "INCREMENTAL FROM LSN")),
                                timeline(lines, "INCREMENTAL FROM TLI")))
                        : Optional.empty(),
                stop(lines));
    }

    private static Optional<Stop> stop(Map<String, String> lines) {
        if (!lines.containsKey("STOP WAL LOCATION")) {
            return Optional.empty();
        }
        String location = need(lines, "STOP WAL LOCATION");
        int space = location.indexOf(' ');
        return Optional.of(new Stop(
                lsn("STOP WAL LOCATION", space < 0 ? location : location.substring(0, space)),
                need(lines, "STOP TIME"),
                timeline(lines, "STOP TIMELINE")));
    }

    /** The first line of each name counts: a label with a line break in it cannot replace a line before it. */
    private static Map<String, String> lines(String text) {
        Map<String, String> lines = new LinkedHashMap<>();
        text.lines().forEach(line -> {
            int colon = line.indexOf(": ");
            if (colon > 0) {
                lines.putIfAbsent(line.substring(0, colon), line.substring(colon + 2));
            }
        });
        return lines;
    }

    private static String need(Map<String, String> lines, String name) {
        @Nullable String value = lines.get(name);
        if (value == null) {
            throw damaged("it has no line " + name);
        }
        return value;
    }

    private static Lsn lsn(String name, String text) {
        return Lsn.tryParse(text).orElseThrow(() -> damaged("its " + name + " is '" + text + "'"));
    }

    private static int timeline(Map<String, String> lines, String name) {
        String text = need(lines, name);
        try {
            int timeline = Integer.parseUnsignedInt(text);
            if (timeline != 0) {
                return timeline;
            }
        } catch (NumberFormatException e) {
            throw new PgbkException(ErrorCode.OBJECT_DAMAGED, "its " + name + " is '" + text + "'", null, e);
        }
        throw damaged("its " + name + " is 0");
    }

    private static PgbkException damaged(String why) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "this is no backup_label: " + why);
    }
}
