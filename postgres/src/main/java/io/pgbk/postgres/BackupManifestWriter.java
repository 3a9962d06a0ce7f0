package io.pgbk.postgres;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;

/**
 * Writes PostgreSQL's {@code backup_manifest} (version 1 for 13 to 16, 2 from 17 on) exactly as the server does, with
 * CRC-32C, to a stream; any number of files in constant memory. Not safe for use by several threads.
 *
 * <p>Source: PostgreSQL's backup/backup_manifest.c.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class BackupManifestWriter implements Closeable {
    /** The file's name in the data directory. */
    public static final String FILE_NAME = "backup_manifest";

    /** A stretch of WAL that the backup needs, on one timeline. */
    public record WalRange(int timeline, Lsn start, Lsn end) {}

    /**
     * Starts a manifest.
     *
     * @param sink gets the bytes; stays open
     */
    public BackupManifestWriter(OutputStream sink, PostgresMajor major, long systemIdentifier) throws IOException {
        throw new UnsupportedOperationException("not landed yet");
    }

    /**
     * Adds a file; neither files of pg_wal nor the manifest itself belong in it.
     *
     * @param path the path below the data directory as raw bytes, {@code pg_tblspc/<oid>/...} for tablespaces
     * @param crc32c of the whole content
     */
    public void file(byte[] path, long sizeBytes, Instant lastModified, int crc32c) throws IOException {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Ends the manifest; the ranges come newest timeline first. */
    public void finish(List<WalRange> ranges) throws IOException {
        throw new UnsupportedOperationException("not landed yet");
    }

    @Override
    public void close() throws IOException {
        throw new UnsupportedOperationException("not landed yet");
    }
}
