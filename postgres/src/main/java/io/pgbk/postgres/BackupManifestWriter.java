package io.pgbk.postgres;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Writes PostgreSQL's {@code backup_manifest} (version 1 for 13 to 16, 2 from 17 on) exactly as the server does, with
 * CRC-32C, to a stream; any number of files in constant memory. Not safe for use by several threads.
 *
 * <p>Source: PostgreSQL's backup/backup_manifest.c.
 */
public final class BackupManifestWriter implements Closeable {
    /** The file's name in the data directory. */
    public static final String FILE_NAME = "backup_manifest";

    private static final DateTimeFormatter GMT = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);
    private static final int BUFFER_BYTES = 1 << 16;

    /** A stretch of WAL that the backup needs, on one timeline. */
    public record WalRange(int timeline, Lsn start, Lsn end) {}

    private final BufferedOutputStream plain;
    private final DigestOutputStream digested;
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
    private boolean hasFiles;
    private boolean finished;

    /**
     * Starts a manifest.
     *
     * @param sink gets the bytes; stays open
     * @param systemIdentifier the cluster, unsigned; written from version 17 on
     */
    public BackupManifestWriter(OutputStream sink, PostgresMajor major, long systemIdentifier) throws IOException {
        this.plain = new BufferedOutputStream(sink, BUFFER_BYTES);
        this.digested = new DigestOutputStream(plain, sha256());
        if (major.atLeast(PostgresMajor.V17)) {
            append("{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": "
                    + Long.toUnsignedString(systemIdentifier) + ",\n");
        } else {
            append("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n");
        }
        append("\"Files\": [");
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /**
     * Adds a file; neither files of pg_wal nor the manifest itself belong in it.
     *
     * @param path the path below the data directory as raw bytes, {@code pg_tblspc/<oid>/...} for tablespaces
     * @param crc32c of the whole content
     */
    public void file(byte[] path, long sizeBytes, Instant lastModified, int crc32c) throws IOException {
        StringBuilder line = new StringBuilder(256);
        line.append(hasFiles ? ",\n" : "\n");
        hasFiles = true;
        appendPath(line, path);
        // The server dumps the value's memory: least significant byte first.
        line.append(", \"Size\": ")
                .append(sizeBytes)
                .append(", \"Last-Modified\": \"")
                .append(GMT.format(lastModified))
                .append("\", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"")
                .append(HexFormat.of().toHexDigits(Integer.reverseBytes(crc32c)))
                .append("\" }");
        append(line.toString());
    }

    private void appendPath(StringBuilder line, byte[] path) {
        try {
            String text = utf8.reset().decode(ByteBuffer.wrap(path)).toString();
            if (text.indexOf('\0') < 0) {
                line.append("{ \"Path\": ");
                escape(line, text);
                return;
            }
        } catch (CharacterCodingException e) {
            // Not UTF-8: the hexadecimal form below is what the server writes then.
        }
        line.append("{ \"Encoded-Path\": \"")
                .append(HexFormat.of().formatHex(path))
                .append('"');
    }

    private static void escape(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\b' -> line.append("\\b");
                case '\f' -> line.append("\\f");
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                case '"' -> line.append("\\\"");
                case '\\' -> line.append("\\\\");
                default -> {
                    if (c < ' ') {
                        line.append("\\u00").append(HexFormat.of().toHexDigits((byte) c));
                    } else {
                        line.append(c);
                    }
                }
            }
        }
        line.append('"');
    }

    /** Ends the manifest and flushes it; the ranges come newest timeline first. */
    public void finish(List<WalRange> ranges) throws IOException {
        if (finished) {
            throw new IllegalStateException("the manifest is finished");
        }
        finished = true;
        append("\n],\n\"WAL-Ranges\": [\n");
        boolean first = true;
        for (WalRange range : ranges) {
            append((first ? "" : ",\n") + "{ \"Timeline\": " + Integer.toUnsignedString(range.timeline())
                    + ", \"Start-LSN\": \"" + range.start() + "\", \"End-LSN\": \"" + range.end() + "\" }");
            first = false;
        }
        append("\n],\n");
        String digest = HexFormat.of().formatHex(digested.getMessageDigest().digest());
        plain.write(("\"Manifest-Checksum\": \"" + digest + "\"}\n").getBytes(StandardCharsets.UTF_8));
        plain.flush();
    }

    private void append(String text) throws IOException {
        digested.write(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Flushes what was written; the sink stays open. A manifest that was not finished is not valid. */
    @Override
    public void close() throws IOException {
        plain.flush();
    }
}
