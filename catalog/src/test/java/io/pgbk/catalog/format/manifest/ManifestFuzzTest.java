package io.pgbk.catalog.format.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeSettings;
import io.pgbk.catalog.format.envelope.EnvelopeWriter;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The records of a manifest, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ManifestFuzzTest implements FuzzTargets {
    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    private static final int PACKS = 3;

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                FuzzTarget.of(
                        "manifest-facts",
                        () -> List.of(written(FactsCodec::write, facts())),
                        input -> roundTrip(input, in -> FactsCodec.read(in, "manifest"), FactsCodec::write)),
                FuzzTarget.of(
                        "manifest-entry",
                        ManifestFuzzTest::entries,
                        input -> roundTrip(
                                input, in -> FileEntryCodec.read(in, PACKS, "manifest"), FileEntryCodec::write)),
                FuzzTarget.of(
                        "manifest-pack",
                        () -> List.of(written(PackRefCodec::write, pack())),
                        input -> roundTrip(input, in -> PackRefCodec.read(in, "manifest"), PackRefCodec::write)),
                FuzzTarget.of("manifest-index", ManifestFuzzTest::indexes, ManifestFuzzTest::index));
    }

    private static <T> byte[] written(BiConsumer<T, BinaryWriter> codec, T value) {
        BinaryWriter out = new BinaryWriter(256);
        codec.accept(value, out);
        return out.toArray();
    }

    private static <T> void roundTrip(
            byte[] input, Function<BinaryReader, T> reader, BiConsumer<T, BinaryWriter> writer) {
        T value = reader.apply(new BinaryReader(input, "manifest"));
        BinaryReader again = new BinaryReader(written(writer, value), "manifest");
        assertThat(reader.apply(again)).isEqualTo(value);
        assertThat(again.remaining()).isZero();
    }

    private static ManifestFacts facts() {
        return new ManifestFacts(
                "20261121T031500Z-7k2f-incr",
                "incremental",
                List.of("20261120T031500Z-7k2f-full"),
                1,
                -5,
                18,
                1800,
                202506291,
                8192,
                16 << 20,
                PageChecksums.verifiedBefore(new Lsn(1 << 20)),
                true,
                new Lsn(1 << 20),
                1,
                new Lsn(2 << 20),
                2,
                Instant.parse("2026-11-21T03:15:00.123456789Z"),
                Instant.parse("2026-11-21T03:16:00Z"),
                Bytes.utf8("START WAL LOCATION"),
                Optional.of(Bytes.utf8("16401 /srv")),
                new TreeMap<>(java.util.Map.of("wal_level", "replica", "port", "5432")),
                List.of(new ManifestFacts.Tablespace(16401, Bytes.utf8("/srv"), false)),
                List.of(new ManifestFacts.ConfigurationFile(
                        Bytes.utf8("/etc/postgresql.conf"), "config_file", Bytes.utf8("port = 5432"))));
    }

    private static PackRef pack() {
        return new PackRef(
                "clusters/main/packs/x/0", Bytes.of(new byte[68]), 70_000_000, Bytes.of(new byte[32]), 1 << 30, 66);
    }

    private static List<byte[]> entries() {
        Extent.Frame frame = new Extent.Frame(1, 7, 64, 1000, 1 << 20);
        WindowDigester digester = new WindowDigester();
        byte[] content = new byte[(1 << 18) + 8192];
        digester.update(content, 0, content.length);
        FileEntry file = FileEntry.file(
                Bytes.utf8("base/5/1259"),
                0600,
                1,
                content.length,
                List.of(
                        new Extent.Stored(frame, 0, 1 << 18),
                        new Extent.Zeros(4096),
                        new Extent.Stored(new Extent.Frame(2, 0, 68, 500, 8192), 4096, 4096)),
                digester.finish());
        FileEntry link = new FileEntry(
                Bytes.utf8("pg_tblspc/16401"),
                FileKind.SYMLINK,
                0777,
                -1,
                0,
                Bytes.utf8("/srv/tablespace"),
                List.of(),
                WindowDigests.NONE);
        return List.of(
                written(FileEntryCodec::write, file),
                written(FileEntryCodec::write, link),
                written(FileEntryCodec::write, FileEntry.directory(Bytes.utf8("pg_wal"), 0700, 5)));
    }

    private static List<byte[]> indexes() {
        ManifestIndex index = new ManifestIndex();
        index.add(SectionType.FACTS, new ManifestIndex.Part(0, 1, 1, Bytes.EMPTY));
        index.add(SectionType.FILES, new ManifestIndex.Part(1, 2, 1000, Bytes.utf8("PG_VERSION")));
        index.add(SectionType.FILES, new ManifestIndex.Part(3, 1, 5, Bytes.utf8("base/5")));
        return List.of(index.encode());
    }

    private static void index(byte[] input) {
        ManifestIndex index = ManifestIndex.parse(new BinaryReader(input, "manifest"), 10, "manifest");
        byte[] bytes = index.encode();
        assertThat(ManifestIndex.parse(new BinaryReader(bytes, "manifest"), 10, "manifest")
                        .encode())
                .isEqualTo(bytes);
    }

    @Test
    void aPartThatIsLongerThanAnyPartIsRefusedBeforeItsMemoryIsTaken() {
        String path = "clusters/main/backups/x/manifest/1";
        byte[] frame = new byte[FormatLimits.MAX_FRAME_BYTES];
        int frames = (int) (ManifestWriter.MAX_PART_BYTES / frame.length) + 1;
        ByteArrayOutputStream object = new ByteArrayOutputStream();
        ManifestIndex index = new ManifestIndex();
        index.add(SectionType.FACTS, new ManifestIndex.Part(0, frames, 1, Bytes.EMPTY));
        try (FrameCodec codec = new FrameCodec(Compression.zstd(1))) {
            EnvelopeWriter writer = new EnvelopeWriter(
                    ByteSink.of(object),
                    TestRings.ring(false),
                    path,
                    new EnvelopeSettings(
                            ObjectKind.MANIFEST, frame.length, EnvelopeHeader.UNKNOWN_LENGTH, Bytes.EMPTY, true),
                    codec,
                    new TestRings.FixedRandom(1));
            for (int i = 0; i < frames; i++) {
                writer.write(frame, 0, frame.length);
            }
            byte[] kindIndex = index.encode();
            writer.finish(kindIndex, 0, kindIndex.length);
        }
        MemoryStore store = new MemoryStore();
        store.put(path, object.toByteArray());
        assertThat(object.size()).isLessThan(1 << 20);
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> ManifestReader.open(store, TestRings.ring(false), path, object.size()))
                .withMessageContaining("its index has a part of " + (long) frames * frame.length + " bytes");
    }
}
