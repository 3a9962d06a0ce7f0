package io.pgbk.cli.rehearsal;

import io.pgbk.archiver.ControlFile;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A full backup of a {@link SampleCluster}, written without a server: what info, verify and restore need to work. */
final class SampleBackup {
    private static final int MODE = 0600;
    private static final int FIRST_PACK = 0;
    /** Pages of the one relation. */
    private static final int PAGES = 512;

    private static final List<String> DIRECTORIES = List.of("base", "base/1", "global", "pg_tblspc", "pg_wal");

    private final SampleCluster source;
    private final ClusterCatalog cluster;
    private final Repository repository;
    private final PgControl control;

    private SampleBackup(SampleCluster source, ClusterCatalog cluster, PgControl control) {
        this.source = source;
        this.cluster = cluster;
        this.repository = cluster.repository();
        this.control = control;
    }

    /** Takes it; the cluster's segments are archived. */
    static void take(SampleCluster source, ClusterCatalog cluster) throws IOException {
        new SampleBackup(source, cluster, ControlFile.read(source.directory()).control()).take();
    }

    private void take() throws IOException {
        Lsn start = source.redo();
        Lsn stop = start.plus(256);
        Instant now = repository.runtime().clock().instant();
        try (BackupWriter writer = cluster.backups()
                        .begin(new BackupCatalog.BackupStart(
                                BackupType.FULL, cluster.newestIncarnation(), Optional.empty(), Duration.ZERO));
                EntrySorter entries = new EntrySorter(repository.runtime().temporaryDirectory(), 1 << 20)) {
            PackTable table = new PackTable(writer::packKey);
            long bytes = copy(table, entries);
            ManifestWriter.ManifestRef manifest;
            try (ObjectUpload upload = repository.store().upload(writer.manifestKey())) {
                ManifestWriter out = new ManifestWriter(
                        ByteSink.of(upload),
                        repository.keys(),
                        writer.manifestKey(),
                        Compression.DEFAULT,
                        repository.runtime().random(),
                        facts(writer.label().toString(), start, stop, now),
                        table.completed());
                entries.sorted().forEachRemaining(out::add);
                manifest = out.finish();
                upload.complete();
            }
            PackRef pack = table.completed().getFirst();
            writer.commit(
                    new BackupFacts(
                            Optional.empty(),
                            Optional.empty(),
                            cluster.newestIncarnation().number(),
                            1,
                            start,
                            stop,
                            now,
                            now,
                            3,
                            bytes,
                            bytes,
                            pack.length(),
                            0,
                            false,
                            "rehearsal",
                            "rehearsal",
                            Map.of(),
                            List.of(new PackUse(writer.label(), FIRST_PACK, pack.length(), pack.length()))),
                    manifest);
        }
    }

    private long copy(PackTable table, EntrySorter entries) throws IOException {
        DIRECTORIES.forEach(directory -> entries.add(FileEntry.directory(Bytes.utf8(directory), 0700, 0)));
        byte[] relation = new byte[PAGES * control.blockBytes()];
        source.fill(relation);
        long bytes = 0;
        try (PackWriter packs = new PackWriter(
                repository.store(),
                repository.keys(),
                table,
                PackSettings.of(Compression.DEFAULT, control.blockBytes()),
                repository.runtime().random())) {
            bytes += copy(packs, entries, "base/1/1259", relation);
            for (String file : List.of("PG_VERSION", "global/pg_control")) {
                Path path = source.directory().resolve(file);
                bytes += copy(packs, entries, file, Files.readAllBytes(path));
            }
            packs.finish();
        }
        return bytes;
    }

    private long copy(PackWriter packs, EntrySorter entries, String file, byte[] content) {
        WindowDigester digester = new WindowDigester();
        digester.update(content, 0, content.length);
        int frame = PackSettings.of(Compression.DEFAULT, control.blockBytes()).frameBytes();
        List<Placement> places = new ArrayList<>();
        for (int at = 0; at < content.length; at += frame) {
            places.add(packs.append(
                    content, at, Math.min(frame, content.length - at), content.length % control.blockBytes() == 0));
        }
        packs.flush();
        entries.add(FileEntry.file(
                Bytes.utf8(file),
                MODE,
                0,
                content.length,
                places.stream().map(Placement::extent).map(Extent.class::cast).toList(),
                digester.finish()));
        return content.length;
    }

    private ManifestFacts facts(String label, Lsn start, Lsn stop, Instant now) {
        return new ManifestFacts(
                label,
                BackupType.FULL.id(),
                List.of(),
                cluster.newestIncarnation().number(),
                control.systemIdentifier(),
                control.major().number(),
                control.controlVersion(),
                control.catalogVersion(),
                control.blockBytes(),
                control.walSegmentSize().bytes(),
                control.hasDataChecksums() ? PageChecksums.ON : PageChecksums.OFF,
                false,
                start,
                1,
                stop,
                1,
                now,
                now,
                Bytes.of(backupLabel(start).getBytes(StandardCharsets.US_ASCII)),
                Optional.empty(),
                new TreeMap<>(),
                List.of(),
                List.of());
    }

    private static String backupLabel(Lsn start) {
        return """
                START WAL LOCATION: %s (file %s)
                CHECKPOINT LOCATION: %s
                BACKUP METHOD: streamed
                BACKUP FROM: primary
                START TIME: 2026-01-01 00:00:00 UTC
                LABEL: rehearsal
                START TIMELINE: 1
                """.formatted(start, SampleCluster.name(0), start);
    }
}
