package io.pgbk.restore.sample;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
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
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.InitOptions;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalSegmentIndex;
import io.pgbk.postgres.wal.WalSegmentScanner;
import io.pgbk.testkit.WalPages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A small repository with at least one object of every kind that this version writes: two full backups of a cluster of a
 * few files, a differential one of the second, an incremental one of that, WAL on two timelines, a version of a segment kept beside, events, a hold, a lease, two key slots.
 */
public final class SampleRepository {
    /** The cluster in it. */
    public static final ClusterName CLUSTER = new ClusterName("main");

    private static final WalSegmentSize SIZE = new WalSegmentSize(WalPages.SEGMENT_BYTES);
    private static final Instant START = Instant.parse("2026-11-21T03:00:00Z");
    private static final int PAGE_BYTES = 8192;

    private final ClusterCatalog catalog;
    private final Incarnation incarnation;
    private final PgControl control;
    private final byte[] controlFile;
    private final SteppingClock clock;

    private SampleRepository(Repository repository, SteppingClock clock) throws IOException {
        this.clock = clock;
        this.controlFile = controlFile();
        this.control = PgControl.parse(controlFile);
        this.catalog = new ClusterCatalog(repository, CLUSTER);
        this.incarnation = catalog.join(new ServerIdentity(
                        control.systemIdentifier(),
                        control.major().number(),
                        control.catalogVersion(),
                        SIZE,
                        PAGE_BYTES))
                .incarnation();
    }

    /** A clock that goes on by a second at each look. */
    private static final class SteppingClock implements InstantSource {
        private Instant now = START;

        @Override
        public synchronized Instant instant() {
            now = now.plusSeconds(1);
            return now;
        }
    }

    /** The key file of the encrypted one: 32 bytes 0x20, 0x21, ... */
    public static EncryptionSettings encryption(boolean encrypted) {
        if (!encrypted) {
            return new EncryptionSettings.Plain();
        }
        byte[] key = new byte[32];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (0x20 + i);
        }
        return new EncryptionSettings.Encrypted(
                List.of(new UnlockSecret.KeyFile(Secret.copyOf(key), "the sample's key")));
    }

    private static RepositoryRuntime runtime(InstantSource clock) {
        return new RepositoryRuntime(
                clock,
                MonotonicTime.SYSTEM,
                new SecureRandom(),
                "sample, process 1",
                Compression.DEFAULT,
                Path.of(System.getProperty("java.io.tmpdir")));
    }

    /** Opens one. */
    public static ClusterCatalog open(Path directory, boolean encrypted) {
        Repository repository = Repository.open(
                ObjectStores.open(new DirectoryStoreConfig(directory)),
                encryption(encrypted),
                runtime(InstantSource.fixed(START.plus(Duration.ofDays(1)))));
        return new ClusterCatalog(repository, CLUSTER);
    }

    /** Makes one in an empty directory. */
    public static void make(Path directory, boolean encrypted) throws IOException {
        Files.createDirectories(directory);
        SteppingClock clock = new SteppingClock();
        try (Repository repository = Repository.initialise(
                        ObjectStores.open(new DirectoryStoreConfig(directory)),
                        encryption(encrypted),
                        InitOptions.SAFE,
                        runtime(clock))
                .repository()) {
            new SampleRepository(repository, clock).fill();
        }
    }

    /** The same object encoded once more, as an attempt that did not count could have left it. */
    static byte[] encodedAgain(Path directory, String key, Path temporary) throws IOException {
        ClusterCatalog cluster = open(directory, true);
        SecureRandom random = new SecureRandom();
        try (Repository repository = cluster.repository();
                ObjectStore store = ObjectStores.open(new DirectoryStoreConfig(Files.createDirectories(temporary)))) {
            switch (RepositoryLayout.parse(key)) {
                case RepositoryObject.Pack ignored -> {
                    try (PackWriter packs = new PackWriter(
                            store,
                            repository.keys(),
                            new PackTable(number -> key),
                            new PackSettings(Compression.DEFAULT, 64 << 10, 1 << 20, PAGE_BYTES),
                            random)) {
                        packs.append(pages(10, 77), 0, 64 << 10, true);
                        packs.finish();
                    }
                }
                case RepositoryObject.Manifest ignored -> {
                    long length = Files.size(directory.resolve(key));
                    try (ManifestReader old = ManifestReader.open(repository.store(), repository.keys(), key, length);
                            ObjectUpload upload = store.upload(key);
                            ManifestWriter out = new ManifestWriter(
                                    ByteSink.of(upload),
                                    repository.keys(),
                                    key,
                                    Compression.DEFAULT,
                                    random,
                                    old.facts(),
                                    old.packs())) {
                        old.files().forEachRemaining(out::add);
                        out.finish();
                        upload.complete();
                    }
                }
                case RepositoryObject.Backup ignored -> {
                    SmallObjectCodec codec = new SmallObjectCodec(repository.keys(), random);
                    byte[] content = codec.open(ObjectKind.BACKUP, key, Files.readAllBytes(directory.resolve(key)));
                    store.create(key, codec.seal(ObjectKind.BACKUP, key, content));
                }
                default -> throw new IllegalArgumentException(key);
            }
        }
        return Files.readAllBytes(temporary.resolve(key));
    }

    /** The cluster's files, by path below the data directory, as they are in a backup. */
    public static SortedMap<String, byte[]> files(int backup) throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>();
        files.put("PG_VERSION", "15\n".getBytes(StandardCharsets.US_ASCII));
        files.put("base/5/16384", relation(backup));
        files.put("base/5/PG_VERSION", "15\n".getBytes(StandardCharsets.US_ASCII));
        files.put("empty", new byte[0]);
        files.put("global/pg_control", controlFile());
        files.put("pg_xact/0000", Arrays.copyOf(pages(1, 9), PAGE_BYTES));
        files.put("postgresql.auto.conf", "# by ALTER SYSTEM\n".getBytes(StandardCharsets.US_ASCII));
        files.put("postgresql.conf", "work_mem = '8MB'\n".getBytes(StandardCharsets.US_ASCII));
        return files;
    }

    /** The third changes two pages of the second, the fourth one of these again and another. */
    private static byte[] relation(int backup) {
        return switch (backup) {
            case 3 -> withPages(relation(2), 3, 5, 33);
            case 4 -> withPages(relation(3), 4, 6, 33);
            default -> pages(40, backup);
        };
    }

    private static byte[] withPages(byte[] content, int seed, int... changed) {
        for (int page : changed) {
            System.arraycopy(pages(1, 100 * seed + page), 0, content, page * PAGE_BYTES, PAGE_BYTES);
        }
        return content;
    }

    private static byte[] pages(int count, int seed) {
        byte[] pages = new byte[count * PAGE_BYTES];
        Random random = new Random(seed);
        for (int page = 0; page < count; page++) {
            for (int i = 0; i < 200; i++) {
                pages[page * PAGE_BYTES + 24 + i] = (byte) random.nextInt();
            }
        }
        return pages;
    }

    private static byte[] controlFile() throws IOException {
        try (InputStream in = SampleRepository.class.getResourceAsStream("/pg_control-15.hex")) {
            if (in == null) {
                throw new IOException("the resource pg_control-15.hex is missing");
            }
            String hex = new String(in.readAllBytes(), StandardCharsets.US_ASCII).replaceAll("\\s", "");
            return Arrays.copyOf(HexFormat.of().parseHex(hex), PgControl.FILE_BYTES);
        }
    }

    private void fill() throws IOException {
        if (catalog.repository().encrypted()) {
            byte[] second = new byte[32];
            Arrays.fill(second, (byte) 7);
            catalog.repository().keyManager().add(new UnlockSecret.KeyFile(Secret.copyOf(second), "another key"));
        }
        for (int segment = 1; segment <= 3; segment++) {
            WalPages wal = new WalPages(control.systemIdentifier(), 1, segment, 1);
            wal.commit(700 + segment, clock.instant()).filler(2000).switchSegment();
            put(1, segment, wal.segment(0));
        }
        Label first = backup(1, 2, BackupType.FULL, null).label();
        Made full = backup(2, 3, BackupType.FULL, null);
        Made differential = backup(3, 3, BackupType.DIFFERENTIAL, full);
        backup(4, 3, BackupType.INCREMENTAL, differential);
        catalog.backups().pin(first, "audit");
        catalog.backups().annotate(first, Map.of("ticket", "4711"));
        // The last segment of timeline 1 is archived incomplete, then complete; timeline 2 leaves it there.
        WalPages incomplete = new WalPages(control.systemIdentifier(), 1, 4, 1).commit(800, START);
        put(1, 4, incomplete.segment(0));
        put(1, 4, incomplete.commit(801, START.plusSeconds(60)).switchSegment().segment(0));
        Lsn switchPoint = WalSegmentName.ofNumber(1, 5, SIZE).startLsn(SIZE).plus(96);
        upload(
                "00000002.history",
                ("1\t" + switchPoint + "\tno recovery target specified\n").getBytes(StandardCharsets.US_ASCII));
        for (int segment = 5; segment <= 6; segment++) {
            WalPages wal = new WalPages(control.systemIdentifier(), 2, segment, 1);
            put(
                    2,
                    segment,
                    wal.commit(900 + segment, clock.instant()).switchSegment().segment(0));
        }
        upload(
                "000000010000000000000005.partial",
                new WalPages(control.systemIdentifier(), 1, 5, 1)
                        .commit(802, START)
                        .segment(0));
        upload(
                "000000010000000000000002.00000028.backup",
                "START WAL LOCATION: 0/200028\n".getBytes(StandardCharsets.US_ASCII));
        deadBackup();
        catalog.holds()
                .take(
                        new Holds.HoldRequest(
                                "copy",
                                Set.of(first),
                                Optional.of(new Holds.WalRange(1, 1, Lsn.parse("0/200028"), Optional.empty()))),
                        Duration.ofDays(365 * 100));
    }

    /** A backup that died: its label was claimed, it gave a sign of life. */
    private void deadBackup() {
        Label label = Label.require("20261121T010000Z-dead-full");
        Repository repository = catalog.repository();
        repository
                .documents()
                .create(
                        ObjectKind.INTENT,
                        RepositoryLayout.intent(CLUSTER, label),
                        JsonDocument.newObject()
                                .put("owner", "sample, process 2")
                                .put("incarnation", 1)
                                .put("time", START.toString()));
        for (int number = 1; number <= 2; number++) {
            repository
                    .documents()
                    .create(
                            ObjectKind.ALIVE,
                            RepositoryLayout.alive(CLUSTER, label, number),
                            JsonDocument.newObject().put("time", START.toString()));
        }
    }

    private void put(int timeline, long segment, byte[] content) throws IOException {
        WalSegmentName name = WalSegmentName.ofNumber(timeline, segment, SIZE);
        upload(name.toString(), content);
    }

    private void upload(String file, byte[] content) throws IOException {
        WalFileName name = WalFileName.parse(file).orElseThrow();
        Optional<WalSegmentIndex> index = Optional.empty();
        if (name instanceof WalFileName.Segment(WalSegmentName segment)) {
            TimelineHistory history = segment.timeline() == 1
                    ? TimelineHistory.root(1)
                    : catalog.wal(incarnation).history(segment.timeline()).orElseThrow();
            WalSegmentScanner scanner = new WalSegmentScanner(new WalSegmentScanner.Expectation(
                    segment,
                    SIZE,
                    control.systemIdentifier(),
                    Optional.of(control.major()),
                    WalSegmentScanner.TimelineRule.of(history),
                    true));
            scanner.update(ByteBuffer.wrap(content));
            index = Optional.of(scanner.finish());
        }
        catalog.wal(incarnation).put(new WalUpload(name, new BytesBody(content), control.systemIdentifier(), index));
    }

    /** A backup and where everything of it is. */
    private record Made(int number, Label label, SortedMap<String, List<Extent>> extents, List<PackRef> packs) {
        /** One page of a file. */
        Extent page(String path, int page) {
            long at = 0;
            for (Extent extent : extents.getOrDefault(path, List.of())) {
                if (page * (long) PAGE_BYTES < at + extent.length() && extent instanceof Extent.Stored stored) {
                    int skip = (int) (page * (long) PAGE_BYTES - at);
                    return new Extent.Stored(stored.frame(), stored.offsetInFrame() + skip, PAGE_BYTES);
                }
                at += extent.length();
            }
            throw new IllegalArgumentException("page " + page + " of " + path);
        }
    }

    private Made backup(int number, int segment, BackupType type, @Nullable Made parent) throws IOException {
        Lsn from = WalSegmentName.ofNumber(1, segment, SIZE).startLsn(SIZE).plus(40 + 512L * number);
        Lsn to = from.plus(256);
        Instant started = clock.instant();
        try (BackupWriter writer = catalog.backups()
                .begin(new BackupCatalog.BackupStart(
                        type, incarnation, Optional.ofNullable(parent).map(Made::label), Duration.ofSeconds(1)))) {
            PackTable table = new PackTable(writer::packKey);
            List<FileEntry> entries = new ArrayList<>();
            SortedMap<String, List<Extent>> extents = new TreeMap<>();
            long bytes = 0;
            Repository repository = catalog.repository();
            try (PackWriter packs = new PackWriter(
                    repository.store(),
                    repository.keys(),
                    table,
                    new PackSettings(Compression.DEFAULT, 64 << 10, 1 << 20, PAGE_BYTES),
                    repository.runtime().random())) {
                for (String folder : List.of("base", "base/5", "global", "pg_wal", "pg_xact")) {
                    entries.add(FileEntry.directory(Bytes.utf8(folder), 0700, 0));
                }
                Map<String, List<Supplier<Extent>>> places = new TreeMap<>();
                Inherited inherited = new Inherited(table);
                for (Map.Entry<String, byte[]> file : files(number).entrySet()) {
                    places.put(file.getKey(), store(packs, file.getKey(), file.getValue(), parent, inherited));
                    bytes += file.getValue().length;
                }
                packs.finish();
                for (Map.Entry<String, byte[]> file : files(number).entrySet()) {
                    extents.put(
                            file.getKey(),
                            places.getOrDefault(file.getKey(), List.of()).stream()
                                    .map(Supplier::get)
                                    .toList());
                    entries.add(entry(file.getKey(), file.getValue(), extents.getOrDefault(file.getKey(), List.of())));
                }
            }
            entries.sort((a, b) ->
                    Arrays.compareUnsigned(a.path().toArray(), b.path().toArray()));
            String label = writer.label().value();
            byte[] backupLabel = ("START WAL LOCATION: " + from + " (file "
                            + WalSegmentName.ofNumber(1, segment, SIZE) + ")\nCHECKPOINT LOCATION: " + from
                            + "\nBACKUP METHOD: streamed\nBACKUP FROM: primary\nSTART TIME: 2026-11-21 03:00:00 UTC\n"
                            + "LABEL: " + label + "\nSTART TIMELINE: 1\n")
                    .getBytes(StandardCharsets.UTF_8);
            ManifestFacts facts = new ManifestFacts(
                    label,
                    type.id(),
                    parent == null
                            ? List.of()
                            : labelsOf(table.completed()).stream()
                                    .filter(used -> !used.equals(label))
                                    .toList(),
                    1,
                    control.systemIdentifier(),
                    15,
                    control.controlVersion(),
                    control.catalogVersion(),
                    PAGE_BYTES,
                    SIZE.bytes(),
                    PageChecksums.OFF,
                    false,
                    from,
                    1,
                    to,
                    1,
                    started,
                    started.plusSeconds(5),
                    Bytes.of(backupLabel),
                    Optional.empty(),
                    new TreeMap<>(Map.of("wal_level", "replica", "data_directory", "/var/lib/postgresql/15/main")),
                    List.of(),
                    List.of(new ManifestFacts.ConfigurationFile(
                            Bytes.utf8("/etc/postgresql/15/main/pg_hba.conf"),
                            "hba_file",
                            Bytes.utf8("local all all peer\n"))));
            ManifestWriter.ManifestRef manifest;
            try (ObjectUpload upload = repository.store().upload(writer.manifestKey());
                    ManifestWriter out = new ManifestWriter(
                            ByteSink.of(upload),
                            repository.keys(),
                            writer.manifestKey(),
                            Compression.DEFAULT,
                            repository.runtime().random(),
                            facts,
                            table.completed())) {
                entries.forEach(out::add);
                manifest = out.finish();
                upload.complete();
            }
            List<PackUse> uses = new ArrayList<>();
            for (PackRef pack : table.completed()) {
                String path = pack.path();
                Label owner = Label.require(labelOf(pack));
                long used = owner.equals(writer.label())
                        ? pack.length()
                        : usedBytes(extents, table.completed().indexOf(pack));
                int at = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
                uses.add(new PackUse(owner, at, pack.length(), used));
            }
            Label committed = writer.commit(
                            new BackupFacts(
                                    Optional.ofNullable(parent).map(Made::label),
                                    Optional.empty(),
                                    1,
                                    1,
                                    from,
                                    to,
                                    started,
                                    started.plusSeconds(5),
                                    files(number).size(),
                                    bytes,
                                    bytes,
                                    bytes,
                                    0,
                                    false,
                                    "sample",
                                    "0.1.0",
                                    Map.of("number", Integer.toString(number)),
                                    uses),
                            manifest)
                    .label();
            return new Made(number, committed, extents, table.completed());
        }
    }

    private static String labelOf(PackRef pack) {
        String[] parts = pack.path().split("/", -1);
        return parts[parts.length - 2];
    }

    private static List<String> labelsOf(List<PackRef> packs) {
        return packs.stream().map(SampleRepository::labelOf).distinct().toList();
    }

    private static long usedBytes(SortedMap<String, List<Extent>> extents, int ordinal) {
        return extents.values().stream()
                .flatMap(List::stream)
                .filter(Extent.Stored.class::isInstance)
                .map(extent -> ((Extent.Stored) extent).frame())
                .filter(frame -> frame.pack() == ordinal)
                .distinct()
                .mapToLong(Extent.Frame::storedLength)
                .sum();
    }

    /** Names the parent's packs in a new backup's table. */
    private static final class Inherited {
        private final PackTable table;
        private final Map<String, Integer> ordinals = new TreeMap<>();

        Inherited(PackTable table) {
            this.table = table;
        }

        Extent rename(Made parent, Extent extent) {
            if (!(extent instanceof Extent.Stored(Extent.Frame frame, int offset, int bytes))) {
                return extent;
            }
            PackRef pack = parent.packs().get(frame.pack());
            int ordinal = ordinals.computeIfAbsent(pack.path(), path -> table.add(pack));
            return new Extent.Stored(
                    new Extent.Frame(
                            ordinal, frame.number(), frame.storedOffset(), frame.storedLength(), frame.rawLength()),
                    offset,
                    bytes);
        }
    }

    private static List<Supplier<Extent>> store(
            PackWriter packs, String path, byte[] content, @Nullable Made parent, Inherited inherited)
            throws IOException {
        if (parent == null) {
            return store(packs, path, content).stream()
                    .<Supplier<Extent>>map(place -> place::extent)
                    .toList();
        }
        List<Supplier<Extent>> places = new ArrayList<>();
        byte[] before = files(parent.number()).getOrDefault(path, new byte[0]);
        if (Arrays.equals(content, before)) {
            for (Extent extent : parent.extents().getOrDefault(path, List.of())) {
                Extent renamed = inherited.rename(parent, extent);
                places.add(() -> renamed);
            }
            return places;
        }
        for (int at = 0; at < content.length; at += PAGE_BYTES) {
            if (Arrays.equals(content, at, at + PAGE_BYTES, before, at, at + PAGE_BYTES)) {
                Extent renamed = inherited.rename(parent, parent.page(path, at / PAGE_BYTES));
                places.add(() -> renamed);
            } else {
                places.add(packs.append(content, at, PAGE_BYTES, true)::extent);
            }
        }
        return places;
    }

    private static List<Placement> store(PackWriter packs, String path, byte[] content) {
        List<Placement> placements = new ArrayList<>();
        boolean relation = path.equals("base/5/16384");
        int step = relation ? 64 << 10 : content.length;
        for (int at = 0; at < content.length; at += step) {
            placements.add(packs.append(content, at, Math.min(step, content.length - at), relation));
        }
        return placements;
    }

    private static FileEntry entry(String path, byte[] content, List<Extent> extents) {
        WindowDigester digester = new WindowDigester();
        digester.update(content, 0, content.length);
        return FileEntry.file(
                Bytes.utf8(path), 0600, 1_795_000_000_000_000L, content.length, extents, digester.finish());
    }
}
