package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.postgres.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** A backup of one file, complete enough for every check. */
public final class SmallBackup {
    /** The segment that it needs. */
    public static final String SEGMENT = "000000010000000000000001";

    private static final int PAGE_BYTES = 8192;

    private SmallBackup() {}

    /** What the newest sign of life of a backup that is being taken says that it needs. */
    public static Optional<Set<Label>> needsOfRunning(ClusterCatalog cluster, Label label) {
        BackupReader reader = new BackupReader(cluster.repository(), cluster.name());
        return new SignsOfLife(cluster.repository(), cluster.name()).needs(label, reader);
    }

    /** Takes it, with its WAL archived before. */
    public static Label take(ClusterCatalog cluster) {
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment(SEGMENT));
        return take(cluster, Lsn.parse("0/100028"));
    }

    /** Takes one that starts here and stops 256 bytes behind it. */
    public static Label take(ClusterCatalog cluster, Lsn start) {
        return take(cluster, start, Optional.empty());
    }

    /** Takes one that uses, besides its own pack, all packs of another. */
    public static Label take(ClusterCatalog cluster, Lsn start, Optional<Label> parent) {
        byte[] content = "17\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        return take(
                cluster, start, parent, content, new PackSettings(Compression.DEFAULT, 1 << 16, 1 << 20, PAGE_BYTES));
    }

    /** Takes one whose file has this content, at most a frame. */
    public static Label take(
            ClusterCatalog cluster, Lsn start, Optional<Label> parent, byte[] content, PackSettings settings) {
        BackupType type = parent.isPresent() ? BackupType.INCREMENTAL : BackupType.FULL;
        Set<Label> needs = new HashSet<>(
                parent.map(label -> cluster.backups().require(label).owners()).orElseGet(Set::of));
        parent.ifPresent(needs::add);
        try (BackupWriter writer = cluster.backups()
                .begin(new BackupCatalog.BackupStart(
                        type,
                        cluster.newestIncarnation(),
                        parent,
                        needs,
                        Optional.of(
                                new Holds.WalRange(cluster.newestIncarnation().number(), 1, start, Optional.empty())),
                        Duration.ZERO))) {
            Repository repository = cluster.repository();
            PackTable table = new PackTable(writer::packKey);
            List<PackUse> uses = new ArrayList<>();
            List<Extent> old = new ArrayList<>();
            if (parent.isPresent()) {
                BackupRecord built = cluster.backups().require(parent.get());
                try (ManifestReader manifest = ManifestReader.open(
                        repository.store(),
                        repository.keys(),
                        cluster.backups().manifestKey(built),
                        built.manifest().storedBytes())) {
                    manifest.packs().forEach(table::add);
                    uses.addAll(built.packs());
                    old.addAll(manifest.find(Bytes.utf8("PG_VERSION"))
                            .orElseThrow()
                            .extents());
                }
            }
            int others = table.completed().size();
            Placement placement;
            try (PackWriter packs = new PackWriter(
                    repository.store(),
                    repository.keys(),
                    table,
                    settings,
                    repository.runtime().random())) {
                placement = packs.append(content, 0, content.length, false);
                packs.finish();
            }
            Instant now = repository.runtime().clock().instant();
            Lsn stop = start.plus(256);
            ManifestWriter.ManifestRef manifest;
            try (ObjectUpload upload = repository.store().upload(writer.manifestKey());
                    ManifestWriter out = new ManifestWriter(
                            ByteSink.of(upload),
                            repository.keys(),
                            writer.manifestKey(),
                            Compression.DEFAULT,
                            repository.runtime().random(),
                            facts(writer.label(), type, needs, start, stop, now),
                            table.completed())) {
                WindowDigester digester = new WindowDigester();
                digester.update(content, 0, content.length);
                WindowDigester again = new WindowDigester();
                again.update(content, 0, content.length);
                if (!old.isEmpty()) {
                    out.add(FileEntry.file(Bytes.utf8("PG_OTHER"), 0600, 0, content.length, old, again.finish()));
                }
                out.add(FileEntry.file(
                        Bytes.utf8("PG_VERSION"),
                        0600,
                        0,
                        content.length,
                        List.of(placement.extent()),
                        digester.finish()));
                manifest = out.finish();
                upload.complete();
            }
            PackRef pack = table.completed().get(others);
            int number = Integer.parseInt(pack.path().substring(pack.path().lastIndexOf('/') + 1));
            uses.add(new PackUse(writer.label(), number, pack.length(), pack.length()));
            return writer.commit(
                            new BackupFacts(
                                    parent,
                                    Optional.empty(),
                                    cluster.newestIncarnation().number(),
                                    1,
                                    start,
                                    stop,
                                    now,
                                    now,
                                    1,
                                    3,
                                    3,
                                    pack.length(),
                                    0,
                                    false,
                                    "db1",
                                    "0.1.0",
                                    Map.of(),
                                    uses),
                            manifest)
                    .label();
        }
    }

    private static ManifestFacts facts(
            Label label, BackupType type, Set<Label> needs, Lsn start, Lsn stop, Instant now) {
        return new ManifestFacts(
                label.value(),
                type.id(),
                needs.stream().map(Label::value).toList(),
                1,
                TestPlace.SYSTEM,
                17,
                1700,
                202406281,
                PAGE_BYTES,
                TestPlace.SIZE.bytes(),
                PageChecksums.OFF,
                false,
                start,
                1,
                stop,
                1,
                now,
                now,
                Bytes.utf8("START WAL LOCATION: " + start + "\n"),
                Optional.empty(),
                new TreeMap<>(),
                List.of(),
                List.of());
    }
}
