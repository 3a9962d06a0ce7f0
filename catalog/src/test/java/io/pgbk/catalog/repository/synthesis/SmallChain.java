package io.pgbk.catalog.repository.synthesis;

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
import io.pgbk.catalog.format.pack.Placement;
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
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.postgres.Lsn;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Backups of one relation file and one small file that take the pages that did not change from their parent. */
public final class SmallChain {
    public static final int PAGE = 8192;
    public static final Bytes FILE = Bytes.utf8("base/5/16384");
    private static final Bytes SMALL = Bytes.utf8("PG_VERSION");
    private static final byte[] SMALL_CONTENT = {'1', '7', '\n'};

    private final ClusterCatalog cluster;
    private Lsn next = Lsn.parse("0/100028");
    private boolean pageErrors = true;

    /** A chain in a repository that has the cluster; puts the WAL that its backups need. */
    public SmallChain(ClusterCatalog cluster) {
        this.cluster = cluster;
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment(SmallBackup.SEGMENT));
    }

    /** From now on no page fails its checksum, so that backups are good ones. */
    public SmallChain withoutPageErrors() {
        pageErrors = false;
        return this;
    }

    /** Takes a backup of the content; pages are compared with the parent's. */
    public Label take(BackupType type, Optional<Label> parent, byte[] content) {
        return take(type, parent, content, content);
    }

    /** The same, with digests of windows that are those of other content. */
    public Label take(BackupType type, Optional<Label> parent, byte[] content, byte[] digested) {
        Lsn start = next;
        next = next.plus(1024);
        Repository repository = cluster.repository();
        try (BackupWriter writer = cluster.backups()
                .begin(new BackupCatalog.BackupStart(type, cluster.newestIncarnation(), parent, Duration.ZERO))) {
            PackTable table = new PackTable(writer::packKey);
            List<Extent> extents;
            Extent small;
            try (PackWriter packs = new PackWriter(
                    repository.store(),
                    repository.keys(),
                    table,
                    new PackSettings(Compression.DEFAULT, 1 << 16, 1 << 17, PAGE),
                    repository.runtime().random())) {
                List<PackRef> old = new ArrayList<>();
                List<Extent> pages = pagesOf(parent, old);
                old.forEach(table::add);
                extents = append(packs, parent.map(this::assemble), pages, content);
                Placement place = packs.append(SMALL_CONTENT, 0, SMALL_CONTENT.length, false);
                packs.finish();
                small = place.extent();
            }
            Instant now = repository.runtime().clock().instant();
            ManifestWriter.ManifestRef written = manifest(writer, parent, start, table, extents, small, digested);
            BackupFacts facts = new BackupFacts(
                    parent,
                    Optional.empty(),
                    1,
                    1,
                    start,
                    start.plus(256),
                    now,
                    now,
                    2,
                    content.length + SMALL_CONTENT.length,
                    0,
                    0,
                    pageErrors ? 1 : 0,
                    false,
                    "db1",
                    "0.1.0",
                    Map.of("ticket", "4711"),
                    uses(table.completed(), extents, small));
            // A table may have packs of the parent that nothing is taken from any more: summary and manifest agree.
            return writer.commit(facts, written).label();
        }
    }

    /** One extent for each page of the parent's file. */
    private List<Extent> pagesOf(Optional<Label> parent, List<PackRef> packs) {
        List<Extent> pages = new ArrayList<>();
        parent.map(label -> cluster.backups().require(label)).ifPresent(record -> {
            try (ManifestReader manifest = open(record)) {
                packs.addAll(manifest.packs());
                for (Extent extent : manifest.find(FILE).orElseThrow().extents()) {
                    for (int at = 0; at < extent.length(); at += PAGE) {
                        int length = (int) Math.min(PAGE, extent.length() - at);
                        pages.add(
                                extent instanceof Extent.Stored(Extent.Frame frame, int offset, int _)
                                        ? new Extent.Stored(frame, offset + at, length)
                                        : new Extent.Zeros(length));
                    }
                }
            }
        });
        return pages;
    }

    private static List<Extent> append(PackWriter packs, Optional<byte[]> before, List<Extent> pages, byte[] content) {
        List<Object> parts = new ArrayList<>();
        for (int at = 0; at < content.length; at += PAGE) {
            int length = Math.min(PAGE, content.length - at);
            boolean same = before.isPresent()
                    && before.get().length >= at + length
                    && Arrays.equals(before.get(), at, at + length, content, at, at + length);
            parts.add(same ? pages.get(at / PAGE) : packs.append(content, at, length, length == PAGE));
        }
        packs.flush();
        Extents extents = new Extents();
        parts.forEach(part -> extents.add(part instanceof Placement place ? place.extent() : (Extent) part));
        return extents.list();
    }

    private ManifestWriter.ManifestRef manifest(
            BackupWriter writer,
            Optional<Label> parent,
            Lsn start,
            PackTable table,
            List<Extent> extents,
            Extent small,
            byte[] content) {
        Repository repository = cluster.repository();
        WindowDigester digester = new WindowDigester();
        try (ObjectUpload upload = repository.store().upload(writer.manifestKey());
                ManifestWriter out = new ManifestWriter(
                        ByteSink.of(upload),
                        repository.keys(),
                        writer.manifestKey(),
                        Compression.DEFAULT,
                        repository.runtime().random(),
                        facts(writer.label(), parent, start),
                        table.completed())) {
            digester.update(SMALL_CONTENT, 0, SMALL_CONTENT.length);
            out.add(FileEntry.file(SMALL, 0600, 2, SMALL_CONTENT.length, List.of(small), digester.finish()));
            out.add(FileEntry.directory(Bytes.utf8("base"), 0700, 1));
            digester.update(content, 0, content.length);
            out.add(FileEntry.file(FILE, 0600, 2, content.length, extents, digester.finish()));
            if (pageErrors) {
                out.add(new PageFailure(FILE, 3));
            }
            ManifestWriter.ManifestRef written = out.finish();
            upload.complete();
            return written;
        }
    }

    private static List<PackUse> uses(List<PackRef> packs, List<Extent> extents, Extent small) {
        Map<Integer, Set<Extent.Frame>> frames = new HashMap<>();
        List<Extent> all = new ArrayList<>(extents);
        all.add(small);
        for (Extent extent : all) {
            if (extent instanceof Extent.Stored stored) {
                frames.computeIfAbsent(stored.frame().pack(), ignored -> new HashSet<>())
                        .add(stored.frame());
            }
        }
        List<PackUse> uses = new ArrayList<>();
        for (int ordinal = 0; ordinal < packs.size(); ordinal++) {
            PackRef pack = packs.get(ordinal);
            RepositoryObject.Pack name = (RepositoryObject.Pack) RepositoryLayout.parse(pack.path());
            long used = frames.getOrDefault(ordinal, Set.of()).stream()
                    .mapToLong(Extent.Frame::storedLength)
                    .sum();
            uses.add(new PackUse(name.label(), name.number(), pack.length(), used));
        }
        return uses;
    }

    private static ManifestFacts facts(Label label, Optional<Label> parent, Lsn start) {
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
                start.plus(256),
                1,
                Instant.EPOCH,
                Instant.EPOCH,
                Bytes.utf8("START WAL LOCATION: " + start + "\n"),
                Optional.empty(),
                new TreeMap<>(Map.of("work_mem", "4MB")),
                List.of(),
                List.of());
    }

    /** The valid manifest of a backup. */
    public ManifestReader open(BackupRecord backup) {
        return ManifestReader.open(
                cluster.repository().store(),
                cluster.repository().keys(),
                cluster.backups().manifestKey(backup),
                backup.manifest().storedBytes());
    }

    /** Puts the file of a backup together as a restore does, with every check. */
    public byte[] assemble(Label label) {
        return assemble(cluster.backups().require(label));
    }

    /** The same by the manifest that was valid when the record was read. */
    public byte[] assemble(BackupRecord backup) {
        try (ManifestReader manifest = open(backup);
                PackReader reader = new PackReader(
                        cluster.repository().store(), cluster.repository().keys())) {
            FileEntry file = manifest.find(FILE).orElseThrow();
            byte[] content = new byte[(int) file.size()];
            int at = 0;
            for (Extent extent : file.extents()) {
                if (extent instanceof Extent.Stored stored) {
                    int offset = at;
                    reader.read(
                            manifest.packs().get(stored.frame().pack()),
                            List.of(stored.frame()),
                            (_, raw) -> System.arraycopy(raw, stored.offsetInFrame(), content, offset, stored.bytes()));
                }
                at += (int) extent.length();
            }
            for (int window = 0; window < file.windows().count(); window++) {
                int offset = window << 18;
                assertThat(file.windows().matches(window, content, offset, Math.min(1 << 18, content.length - offset)))
                        .isTrue();
            }
            return content;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
