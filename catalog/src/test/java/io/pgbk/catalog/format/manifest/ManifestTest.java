package io.pgbk.catalog.format.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
    private static final String PATH = "clusters/main/backups/x/manifest/1";

    @TempDir
    Path directory;

    private final MemoryStore store = new MemoryStore();

    static ManifestFacts facts() {
        TreeMap<String, String> settings = new TreeMap<>();
        settings.put("wal_level", "replica");
        settings.put("log_line_prefix", "%m [%p] ä");
        return new ManifestFacts(
                "20261121T031500Z-7k2f-full",
                "full",
                List.of("20261120T031500Z-aaaa-full"),
                2,
                0xF000_0000_0000_0001L,
                15,
                1300,
                202209061,
                8192,
                16 << 20,
                PageChecksums.verifiedBefore(Lsn.parse("0/3000028")),
                true,
                Lsn.parse("0/3000028"),
                1,
                Lsn.parse("0/5000100"),
                2,
                Instant.parse("2026-11-21T03:15:00.123456789Z"),
                Instant.parse("2026-11-21T03:25:00Z"),
                Bytes.utf8("START WAL LOCATION: 0/3000028 (file 000000010000000000000003)\n"),
                Optional.of(Bytes.utf8("16385 /srv/ts\n")),
                settings,
                List.of(
                        new ManifestFacts.Tablespace(16385, Bytes.utf8("/srv/ts"), false),
                        new ManifestFacts.Tablespace(-1, Bytes.EMPTY, true)),
                List.of(new ManifestFacts.ConfigurationFile(
                        Bytes.utf8("/etc/postgresql/15/main/postgresql.conf"),
                        "config_file",
                        Bytes.utf8("port = 5432\n"))));
    }

    static List<PackRef> packs(int count) {
        List<PackRef> packs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            packs.add(new PackRef(
                    "clusters/main/packs/x/" + i,
                    Bytes.of(new byte[68]),
                    1000 + i,
                    Bytes.of(Digests.sha256(new byte[] {(byte) i})),
                    5000L * i,
                    i));
        }
        return packs;
    }

    private static FileEntry randomEntry(Random random, int number) {
        Bytes path = Bytes.of(("base/" + random.nextInt(100) + "/").getBytes(java.nio.charset.StandardCharsets.UTF_8));
        byte[] name = new byte[path.length() + 9];
        path.copyTo(name, 0);
        for (int i = path.length(); i < name.length - 4; i++) {
            name[i] = (byte) (1 + random.nextInt(255));
        }
        name[name.length - 4] = (byte) (number >>> 24);
        name[name.length - 3] = (byte) (number >>> 16);
        name[name.length - 2] = (byte) (number >>> 8);
        name[name.length - 1] = (byte) number;
        long micros = random.nextLong() >> 10;
        return switch (random.nextInt(10)) {
            case 0 -> FileEntry.directory(Bytes.of(name), 0700, micros);
            case 1 -> FileEntry.symlink(Bytes.of(name), Bytes.utf8("/srv/ts/" + number), micros);
            default -> randomFile(random, Bytes.of(name), micros, random.nextInt(30));
        };
    }

    static FileEntry randomFile(Random random, Bytes path, long micros, int pieces) {
        List<Extent> extents = new ArrayList<>();
        long size = 0;
        Extent.Frame frame = null;
        for (int i = 0; i < pieces; i++) {
            Extent extent;
            if (random.nextInt(5) == 0) {
                extent = new Extent.Zeros(1 + random.nextInt(1 << 20));
            } else {
                if (frame == null || random.nextBoolean()) {
                    int raw = 1 + random.nextInt(1 << 20);
                    frame = new Extent.Frame(
                            random.nextInt(7), random.nextInt(2000), random.nextInt(1 << 26), raw + 16, raw);
                }
                int offset = random.nextInt(frame.rawLength());
                extent = new Extent.Stored(frame, offset, 1 + random.nextInt(frame.rawLength() - offset));
            }
            extents.add(extent);
            size += extent.length();
        }
        int windows = (int) WindowDigests.countFor(size);
        long[] high = random.longs(windows).toArray();
        long[] low = random.longs(windows).toArray();
        int[] crc = random.ints(windows).toArray();
        return FileEntry.file(path, 0600, micros, size, extents, new WindowDigests(high, low, crc));
    }

    private ManifestWriter.ManifestRef write(KeyRing ring, Iterator<FileEntry> entries) {
        try (ObjectUpload upload = store.upload(PATH);
                ManifestWriter writer = new ManifestWriter(
                        ByteSink.of(upload),
                        ring,
                        PATH,
                        Compression.DEFAULT,
                        new TestRings.FixedRandom(4),
                        facts(),
                        packs(7))) {
            for (int i = 0; i < 20_000; i++) {
                writer.add(new PageFailure(Bytes.utf8("base/5/" + i), i * 7L));
                writer.add(new CatalogRelation(5, "postgres", "public", "t" + i, -i, i, 0));
            }
            entries.forEachRemaining(writer::add);
            ManifestWriter.ManifestRef ref = writer.finish();
            upload.complete();
            return ref;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRandomManifestOfManyPartsIsReadBackSearchedAndStreamed(boolean encrypted) throws Exception {
        KeyRing ring = TestRings.ring(encrypted);
        Random random = new Random(TestRings.seed());
        List<FileEntry> entries = new ArrayList<>();
        for (int i = 0; i < 6000; i++) {
            entries.add(randomEntry(random, i));
        }
        // One entry that alone is larger than a frame.
        entries.add(randomFile(random, Bytes.utf8("base/50/huge"), 1, 45_000));
        Collections.shuffle(entries, random);
        ManifestWriter.ManifestRef ref;
        try (EntrySorter sorter = new EntrySorter(directory, 600_000)) {
            entries.forEach(sorter::add);
            assertThat(sorter.runs()).isGreaterThan(3);
            try (var runs = Files.list(directory)) {
                assertThat(runs).as("what a killed process would leave").isEmpty();
            }
            ref = write(ring, sorter.sorted());
        }
        try (var runs = Files.list(directory)) {
            assertThat(runs).isEmpty();
        }
        entries.sort(java.util.Comparator.comparing(FileEntry::path));
        assertThat(ref.files()).isEqualTo(entries.size());
        assertThat(ref.sha256()).isEqualTo(Bytes.of(Digests.sha256(store.get(PATH))));

        try (ManifestReader reader = ManifestReader.open(store, ring, PATH, ref.length())) {
            assertThat(reader.facts()).isEqualTo(facts());
            assertThat(reader.packs()).isEqualTo(packs(7));
            assertThat(reader.fileCount()).isEqualTo(entries.size());
            assertThat(reader.files()).toIterable().containsExactlyElementsOf(entries);
            for (int i = 0; i < entries.size(); i += 997) {
                assertThat(reader.find(entries.get(i).path())).contains(entries.get(i));
            }
            assertThat(reader.find(Bytes.utf8("base/50/huge"))).isPresent();
            assertThat(reader.find(Bytes.utf8("zzz"))).isEmpty();
            assertThat(reader.find(Bytes.utf8("\u0001"))).isEmpty();
            assertThat(reader.filesFrom(entries.get(4321).path()))
                    .toIterable()
                    .containsExactlyElementsOf(entries.subList(4321, entries.size()));
            assertThat(reader.filesFrom(Bytes.utf8("zzz")).hasNext()).isFalse();
            assertThat(reader.pageFailures())
                    .toIterable()
                    .hasSize(20_000)
                    .contains(new PageFailure(Bytes.utf8("base/5/77"), 539));
            assertThat(reader.relations())
                    .toIterable()
                    .hasSize(20_000)
                    .contains(new CatalogRelation(5, "postgres", "public", "t77", -77, 77, 0));
        }
    }

    @Test
    void pagesBehindTheStartCannotHaveBeenVerified() {
        BinaryWriter record = new BinaryWriter(1024);
        FactsCodec.write(facts(), record);
        record.varint(16).varint(8).u64(Lsn.parse("0/3000029").value());

        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> FactsCodec.read(new BinaryReader(record.toArray(), "manifest/1"), "manifest/1"))
                .withMessageContaining("cannot have verified pages up to 0/3000029");
    }

    @Test
    void anEmptyClusterHasAManifestToo() {
        KeyRing ring = TestRings.ring(true);
        ManifestWriter.ManifestRef ref = write(ring, Collections.emptyIterator());
        try (ManifestReader reader = ManifestReader.open(store, ring, PATH, ref.length())) {
            assertThat(reader.files().hasNext()).isFalse();
            assertThat(reader.find(Bytes.utf8("x"))).isEmpty();
        }
    }

    @Test
    void pathsMustAscend() {
        FileEntry entry = FileEntry.directory(Bytes.utf8("base"), 0700, 0);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> write(TestRings.ring(true), List.of(entry, entry).iterator()));
        try (EntrySorter sorter = new EntrySorter(directory, 1)) {
            sorter.add(entry);
            sorter.add(entry);
            Iterator<FileEntry> sorted = sorter.sorted();
            sorted.next();
            assertThatIllegalStateException().isThrownBy(sorted::next);
        }
    }

    @Test
    void everyDamageOfAManifestIsFoundWhenItIsRead() {
        KeyRing ring = TestRings.ring(false);
        Random random = new Random(5);
        ManifestWriter.ManifestRef ref =
                write(ring, List.of(randomFile(random, Bytes.utf8("a"), 1, 50)).iterator());
        byte[] sound = store.get(PATH).clone();
        for (int i = 0; i < 150; i++) {
            byte[] damaged = sound.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            store.put(PATH, damaged);
            assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> {
                ManifestReader reader = ManifestReader.open(store, ring, PATH, ref.length());
                reader.files().forEachRemaining(_ -> {});
                reader.pageFailures().forEachRemaining(_ -> {});
                reader.relations().forEachRemaining(_ -> {});
            });
        }
    }

    @Test
    void anEntryWhoseExtentsDoNotMakeItsSizeCannotBeMade() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        FileEntry.file(Bytes.utf8("x"), 0600, 0, 10, List.of(new Extent.Zeros(9)), WindowDigests.NONE));
    }
}
