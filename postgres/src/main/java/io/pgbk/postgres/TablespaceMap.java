package io.pgbk.postgres;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The content of {@code tablespace_map}: which links recovery makes in pg_tblspc. Paths are bytes shown 1:1 as
 * characters (ISO 8859-1), as everywhere in pgbk.
 *
 * <p>Source: PostgreSQL's read_tablespace_map (access/transam/xlogrecovery.c).
 */
public record TablespaceMap(List<Entry> entries) {
    /** The file's name in the data directory. */
    public static final String FILE_NAME = "tablespace_map";

    /** PostgreSQL's MAXPGPATH: longer lines are cut by the server. */
    private static final int MAX_LINE_BYTES = 1024;

    private static final int MAX_BYTES = 64 << 20;

    /**
     * One link.
     *
     * @param oid the tablespace, an unsigned number
     * @param path where its files are
     */
    public record Entry(int oid, String path) {}

    public TablespaceMap {
        entries = List.copyOf(entries);
    }

    /**
     * Reads the file.
     *
     * @throws PgbkException with code OBJECT_DAMAGED when it is no tablespace map
     */
    public static TablespaceMap parse(byte[] content) {
        if (content.length > MAX_BYTES) {
            throw damaged("it has " + content.length + " bytes");
        }
        List<Entry> entries = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        boolean escaped = false;
        for (byte b : content) {
            char c = (char) Byte.toUnsignedInt(b);
            if (!escaped && (c == '\n' || c == '\r')) {
                if (!line.isEmpty()) {
                    entries.add(entry(line.toString()));
                    line.setLength(0);
                }
            } else if (!escaped && c == '\\') {
                escaped = true;
            } else {
                escaped = false;
                line.append(c);
                if (line.length() >= MAX_LINE_BYTES) {
                    throw damaged("a line is longer than " + MAX_LINE_BYTES + " bytes");
                }
            }
        }
        if (escaped || !line.isEmpty()) {
            throw damaged("its last line has no end");
        }
        return new TablespaceMap(entries);
    }

    private static Entry entry(String line) {
        int space = line.indexOf(' ');
        String path = space < 0 ? "" : line.substring(space).stripLeading();
        if (path.isEmpty()) {
            throw damaged("a line has no path");
        }
        try {
            int oid = Integer.parseUnsignedInt(line.substring(0, space));
            if (oid != 0) {
                return new Entry(oid, path);
            }
        } catch (NumberFormatException e) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "this is no tablespace_map: a line does not start with a number",
                    null,
                    e);
        }
        throw damaged("a line names tablespace 0");
    }

    /** The file's bytes, as PostgreSQL would write them. */
    public byte[] toBytes() {
        StringBuilder text = new StringBuilder();
        for (Entry entry : entries) {
            text.append(Integer.toUnsignedString(entry.oid())).append(' ');
            for (int i = 0; i < entry.path().length(); i++) {
                char c = entry.path().charAt(i);
                if (c == '\n' || c == '\r' || c == '\\') {
                    text.append('\\');
                }
                text.append(c);
            }
            text.append('\n');
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static PgbkException damaged(String why) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "this is no tablespace_map: " + why);
    }
}
