package io.pgbk.postgres;

import io.pgbk.error.PgbkException;
import java.util.List;

/**
 * The content of {@code tablespace_map}: which links recovery makes in pg_tblspc. Paths are bytes shown 1:1 as
 * characters (ISO 8859-1), as everywhere in pgbk.
 */
@SuppressWarnings("DoNotCallSuggester")
public record TablespaceMap(List<Entry> entries) {
    /** The file's name in the data directory. */
    public static final String FILE_NAME = "tablespace_map";

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
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The file's bytes, as PostgreSQL would write them. */
    public byte[] toBytes() {
        throw new UnsupportedOperationException("not landed yet");
    }
}
