package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.BackupManifestWriter;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.task.TaskMonitor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * Writes PostgreSQL's backup_manifest for the restored directory, so that pg_verifybackup can check it: with the
 * checksums from the live cluster, combined from the windows', but for the few files that the restore wrote itself.
 */
final class RestoredManifest implements AutoCloseable {
    private final RestorePlan plan;
    private final ManifestFacts facts;
    private final RestoreLayout layout;
    private final Disk disk;
    private final Set<String> own;
    private final FileChannel channel;

    RestoredManifest(RestorePlan plan, ManifestFacts facts, RestoreLayout layout, Disk disk, ServerFiles server)
            throws IOException {
        this.plan = plan;
        this.facts = facts;
        this.layout = layout;
        this.disk = disk;
        this.own = server.written();
        Path place = layout.place(BackupManifestWriter.FILE_NAME);
        disk.deleteTree(place);
        this.channel = disk.open(place, 0600);
    }

    /** @param control the content that pg_control gets in the end */
    void write(Iterator<FileEntry> entries, byte[] control, TaskMonitor monitor) throws IOException {
        PostgresMajor major = PostgresMajor.of(facts.postgresMajor())
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.FORMAT_TOO_NEW,
                        "PostgreSQL " + facts.postgresMajor() + " is not known to this version of pgbk"));
        try (OutputStream out = new BufferedOutputStream(new PositionedOutput(), 1 << 16);
                BackupManifestWriter manifest = new BackupManifestWriter(
                        out, major, plan.incarnation().identity().systemIdentifier())) {
            while (entries.hasNext()) {
                FileEntry entry = entries.next();
                String path = ManifestSurvey.path(entry, plan.manifestKey());
                if (entry.kind() != FileKind.FILE || path.startsWith("pg_wal/") || own.contains(path)) {
                    continue;
                }
                if (path.equals(RestoreRunner.CONTROL)) {
                    manifest.file(entry.path().toArray(), control.length, modified(entry), crc(control));
                } else if (Files.exists(layout.place(path))) {
                    manifest.file(
                            entry.path().toArray(),
                            entry.size(),
                            modified(entry),
                            entry.windows().fileCrc32c(entry.size()));
                }
            }
            for (String path : own) {
                if (path.endsWith(".signal")) {
                    continue;
                }
                monitor.checkCancelled();
                Path place = layout.place(path);
                byte[] content = Files.readAllBytes(place);
                manifest.file(
                        path.getBytes(StandardCharsets.ISO_8859_1),
                        content.length,
                        Files.getLastModifiedTime(place).toInstant(),
                        crc(content));
            }
            manifest.finish(List.of(
                    new BackupManifestWriter.WalRange(facts.stopTimeline(), facts.startLsn(), facts.stopLsn())));
            out.flush();
        }
    }

    private static Instant modified(FileEntry entry) {
        return Instant.EPOCH.plus(entry.modifiedMicros(), ChronoUnit.MICROS);
    }

    private static int crc(byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content);
        return (int) crc.getValue();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private final class PositionedOutput extends OutputStream {
        private long position;

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            disk.write(channel, ByteBuffer.wrap(bytes, offset, length), position);
            position += length;
        }
    }
}
