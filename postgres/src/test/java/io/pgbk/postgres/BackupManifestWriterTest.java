package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackupManifestWriterTest {
    private static final Instant TIME = Instant.parse("2026-11-21T03:04:05.9Z");

    private static String write(PostgresMajor major, List<byte[]> paths) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (BackupManifestWriter writer = new BackupManifestWriter(out, major, -1L)) {
            for (byte[] path : paths) {
                writer.file(path, 8192, TIME, 0x0A0B0C0D);
            }
            writer.finish(List.of(
                    new BackupManifestWriter.WalRange(3, Lsn.parse("0/3000000"), Lsn.parse("0/40000A0")),
                    new BackupManifestWriter.WalRange(1, Lsn.parse("0/2000028"), Lsn.parse("0/3000000"))));
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void theLayoutIsTheServers() throws IOException {
        assertThat(write(PostgresMajor.V16, List.of(bytes("base/1/1259"), bytes("PG_VERSION"))))
                .startsWith("""
                        { "PostgreSQL-Backup-Manifest-Version": 1,
                        "Files": [
                        { "Path": "base/1/1259", "Size": 8192, "Last-Modified": "2026-11-21 03:04:05 GMT", \
                        "Checksum-Algorithm": "CRC32C", "Checksum": "0d0c0b0a" },
                        { "Path": "PG_VERSION", "Size": 8192, "Last-Modified": "2026-11-21 03:04:05 GMT", \
                        "Checksum-Algorithm": "CRC32C", "Checksum": "0d0c0b0a" }
                        ],
                        "WAL-Ranges": [
                        { "Timeline": 3, "Start-LSN": "0/3000000", "End-LSN": "0/40000A0" },
                        { "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/3000000" }
                        ],
                        "Manifest-Checksum": \"""");
    }

    @Test
    void from17OnTheSystemIdentifierFollowsTheVersion() throws IOException {
        assertThat(write(PostgresMajor.V17, List.of())).startsWith("""
                { "PostgreSQL-Backup-Manifest-Version": 2,
                "System-Identifier": 18446744073709551615,
                "Files": [
                ],
                """);
    }

    @Test
    void theChecksumCoversEverythingBeforeTheLastLine() throws IOException, GeneralSecurityException {
        String manifest = write(PostgresMajor.V17, List.of(bytes("a")));
        int last = manifest.indexOf("\"Manifest-Checksum\"");
        String digest = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes(manifest.substring(0, last))));
        assertThat(manifest.substring(last)).isEqualTo("\"Manifest-Checksum\": \"" + digest + "\"}\n");
    }

    @Test
    void hazardFileNamesThatAreNotUtf8AreEncoded() throws IOException {
        assertThat(write(PostgresMajor.V16, List.of(new byte[] {'a', (byte) 0xFF, (byte) 0xC3})))
                .contains("\n{ \"Encoded-Path\": \"61ffc3\", \"Size\"");
        assertThat(write(PostgresMajor.V16, List.of(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80})))
                .as("a surrogate is no UTF-8")
                .contains("\"Encoded-Path\": \"eda080\"");
    }

    @Test
    void textIsEscapedAsJson() throws IOException {
        assertThat(write(PostgresMajor.V16, List.of(bytes("a\"b\\c\nd\u0001\u007fä€"))))
                .contains("\"Path\": \"a\\\"b\\\\c\\nd\\u0001\u007fä€\"");
    }
}
