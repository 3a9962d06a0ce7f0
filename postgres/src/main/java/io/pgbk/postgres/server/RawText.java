package io.pgbk.postgres.server;

import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Text from the server byte for byte. The driver decodes text as UTF-8, which fails or loses bytes for file names and
 * in SQL_ASCII databases; a text cast to bytea (in its escape format, so backslashes are doubled first) is not touched.
 */
final class RawText {
    private RawText() {}

    /** The SQL expression that gives the bytes of a text expression. */
    static String bytes(String expression) {
        return "replace(" + expression + ", E'\\\\', E'\\\\\\\\')::bytea";
    }

    /** A column with such bytes, each shown as one character; empty for NULL. */
    static String characters(ResultSet result, int column) throws SQLException {
        byte[] bytes = result.getBytes(column);
        return bytes == null ? "" : new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
