package io.pgbk.catalog.repository.copy;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A repository with a cluster and its backups, places to copy them to, and a restore of what was copied. */
abstract class CopySite {
    static final int PAGE = 8192;
    static final Bytes FILE = Bytes.utf8("base/5/16384");

    @TempDir
    Path directory;

    final ManualTime time = new ManualTime();

    @SuppressWarnings("NullAway.Init")
    ClusterCatalog from;

    @BeforeEach
    void makeSource() {
        from = place("from").cluster();
    }

    TestPlace place(String name) {
        return new TestPlace(directory.resolve(name), time);
    }

    /** A repository without the cluster, under a key of its own or plain. */
    ClusterCatalog target(String name, EncryptionSettings encryption) {
        return new ClusterCatalog(place(name).initialise(encryption), TestPlace.CLUSTER);
    }

    static CopyReport copy(ClusterCatalog from, ClusterCatalog to, Optional<Label> backup) {
        return new RepositoryCopy(from, to).run(new RepositoryCopy.Request(backup, 2, false), TaskMonitor.SILENT);
    }

    static List<Label> labels(ClusterCatalog cluster) {
        return cluster.backups().list().stream().map(BackupRecord::label).toList();
    }

    /** A full of 40 pages, and a differential that takes all but the first page from it. */
    List<Label> chain() {
        from.wal(from.newestIncarnation()).put(TestPlace.segment(SmallBackup.SEGMENT));
        byte[] content = new byte[40 * PAGE];
        new Random(4711).nextBytes(content);
        Label full = take(BackupType.FULL, Optional.empty(), content, Lsn.parse("0/100028"));
        content[17] ^= 1;
        return List.of(full, take(BackupType.DIFFERENTIAL, Optional.of(full), content, Lsn.parse("0/100400")));
    }

    private Label take(BackupType type, Optional<Label> parent, byte[] content, Lsn start) {
        Repository repository = from.repository();
        List<PackRef> old = new ArrayList<>();
        List<Extent> extents = new ArrayList<>();
        parent.map(label -> from.backups().require(label)).ifPresent(record -> {
            try (ManifestReader manifest = manifest(from, record)) {
                old.addAll(manifest.packs());
                List<Extent> all = manifest.find(FILE).orElseThrow().extents();
                Extent.Stored first = (Extent.Stored) all.getFirst();
                extents.add(new Extent.Stored(first.frame(), first.offsetInFrame() + PAGE, first.bytes() - PAGE));
                extents.addAll(all.subList(1, all.size()));
            }
        });
        try (BackupWriter writer = from.backups()
                .begin(new BackupCatalog.BackupStart(type, from.newestIncarnation(), parent, Duration.ZERO))) {
            PackTable table = new PackTable(writer::packKey);
            old.forEach(table::add);
            try (PackWriter packs = new PackWriter(
                    repository.store(),
                    repository.keys(),
                    table,
                    new PackSettings(Compression.DEFAULT, 1 << 16, 1 << 17, PAGE),
                    repository.runtime().random())) {
                List<Placement> placements = new ArrayList<>();
                int length = parent.isPresent() ? PAGE : content.length;
                for (int at = 0; at < length; at += 1 << 16) {
                    placements.add(packs.append(content, at, Math.min(1 << 16, length - at), true));
                }
                packs.finish();
                extents.addAll(
                        0, placements.stream().<Extent>map(Placement::extent).toList());
            }
            Instant now = repository.runtime().clock().instant();
            Lsn stop = start.plus(256);
            WindowDigester digester = new WindowDigester();
            digester.update(content, 0, content.length);
            ManifestWriter.ManifestRef written;
            try (ObjectUpload upload = repository.store().upload(writer.manifestKey());
                    ManifestWriter out = new ManifestWriter(
                            ByteSink.of(upload),
                            repository.keys(),
                            writer.manifestKey(),
                            Compression.DEFAULT,
                            repository.runtime().random(),
                            facts(writer.label(), parent, start, stop, now),
                            table.completed())) {
                out.add(FileEntry.directory(Bytes.utf8("base"), 0700, 1));
                out.add(FileEntry.file(FILE, 0600, 2, content.length, extents, digester.finish()));
                out.add(new PageFailure(FILE, 3));
                written = out.finish();
                upload.complete();
            }
            List<PackUse> uses = new ArrayList<>();
            for (PackRef pack : table.completed()) {
                int number = Integer.parseInt(pack.path().substring(pack.path().lastIndexOf('/') + 1));
                boolean own = pack.path().contains(writer.label().value());
                uses.add(
                        new PackUse(own ? writer.label() : parent.orElseThrow(), number, pack.length(), pack.length()));
            }
            BackupFacts facts = new BackupFacts(
                    parent,
                    Optional.empty(),
                    1,
                    1,
                    start,
                    stop,
                    now,
                    now,
                    1,
                    content.length,
                    0,
                    0,
                    1,
                    false,
                    "db1",
                    "0.1.0",
                    Map.of("ticket", "4711"),
                    uses);
            return writer.commit(facts, written).label();
        }
    }

    private static ManifestFacts facts(Label label, Optional<Label> parent, Lsn start, Lsn stop, Instant now) {
        return new ManifestFacts(
                label.value(),
                label.type().id(),
                parent.map(Label::value).stream().toList(),
                1,
                TestPlace.SYSTEM,
                17,
                1700,
                202406281,
                PAGE,
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
                new TreeMap<>(Map.of("work_mem", "4MB")),
                List.of(),
                List.of());
    }

    static ManifestReader manifest(ClusterCatalog cluster, BackupRecord backup) {
        return ManifestReader.open(
                cluster.repository().store(),
                cluster.repository().keys(),
                cluster.backups().manifestKey(backup),
                backup.manifest().storedBytes());
    }

    /** Puts the file together from a repository, as a restore does, with every check. */
    static byte[] assemble(ClusterCatalog cluster, Label label) throws IOException {
        try (ManifestReader manifest = manifest(cluster, cluster.backups().require(label));
                PackReader reader = new PackReader(
                        cluster.repository().store(), cluster.repository().keys())) {
            FileEntry file = manifest.find(FILE).orElseThrow();
            byte[] content = new byte[(int) file.size()];
            int at = 0;
            for (Extent extent : file.extents()) {
                Extent.Stored stored = (Extent.Stored) extent;
                int offset = at;
                PackRef pack = manifest.packs().get(stored.frame().pack());
                reader.read(
                        pack,
                        List.of(stored.frame()),
                        (frame, raw) -> System.arraycopy(raw, stored.offsetInFrame(), content, offset, stored.bytes()));
                PageDigests digests = reader.readPageDigests(pack);
                assertThat(digests.find(stored.frame().number(), stored.offsetInFrame()))
                        .hasValue(digests.digest(content, offset));
                at += stored.bytes();
            }
            for (int window = 0; window < file.windows().count(); window++) {
                int offset = window << 18;
                assertThat(file.windows().matches(window, content, offset, Math.min(1 << 18, content.length - offset)))
                        .isTrue();
            }
            return content;
        }
    }
}
