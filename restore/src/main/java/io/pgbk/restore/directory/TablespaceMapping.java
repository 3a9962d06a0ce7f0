package io.pgbk.restore.directory;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;

/**
 * Where a tablespace shall go.
 *
 * @param from its path in the backup or its oid; each byte of a path shown as one character
 * @param to an absolute path, each byte shown as one character
 */
public record TablespaceMapping(String from, String to) {
    public TablespaceMapping {
        from = withoutTrailingSlash(from);
        to = withoutTrailingSlash(to);
        if (from.isEmpty() || !to.startsWith("/") || to.chars().anyMatch(c -> c == 0 || c > 0xFF)) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "'" + from + "=" + to + "' is not a mapping of a tablespace",
                    "Write OLD=NEW: OLD is the tablespace's path or oid, NEW an absolute path.");
        }
    }

    /** Parses {@code OLD=NEW}; a {@code =} in a path is written {@code \=}. */
    public static TablespaceMapping parse(String characters) {
        for (int i = 0; i < characters.length(); i++) {
            if (characters.charAt(i) == '=' && (i == 0 || characters.charAt(i - 1) != '\\')) {
                return new TablespaceMapping(
                        characters.substring(0, i).replace("\\=", "="),
                        characters.substring(i + 1).replace("\\=", "="));
            }
        }
        return new TablespaceMapping(characters, "");
    }

    private static String withoutTrailingSlash(String path) {
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }
}
