package io.pgbk.catalog.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeScanner;
import io.pgbk.catalog.format.envelope.FrameLocation;
import io.pgbk.catalog.format.envelope.Resealing;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.wal.WalObjectCodec;
import io.pgbk.catalog.format.wal.WalObjectInfo;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole objects, damaged and hostile: of a plain repository with the digests made to fit again, so that everything behind
 * them is reached, and of an encrypted one as they are.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FormatFuzzTest implements FuzzTargets {
    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    /** Two frames of the largest size that a header may name, before anything is known to be right. */
    private static final long OBJECT_BYTES = 2L * FormatLimits.MAX_FRAME_BYTES + (8 << 20);
    /** The parts of a manifest are fetched 8 MiB ahead, and a frame more. */
    private static final long MANIFEST_BYTES = 4L * FormatLimits.MAX_FRAME_BYTES + (64 << 20);

    private final KeyRing plain = TestRings.ring(false);
    private final KeyRing encrypted = TestRings.ring(true);

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                object(
                        "small-object",
                        FormatExamples.EVENT,
                        input -> small(plain, sealed(FormatExamples.EVENT, input))),
                new FuzzTarget(
                        "encrypted-object",
                        () -> List.of(example(true, Compression.DEFAULT, FormatExamples.EVENT)),
                        1 << 12,
                        OBJECT_BYTES,
                        input -> small(encrypted, input)),
                object("wal-object", FormatExamples.HISTORY, input -> wal(sealed(FormatExamples.HISTORY, input))),
                object("pack", FormatExamples.PACK, input -> pack(sealed(FormatExamples.PACK, input))),
                object("manifest", FormatExamples.MANIFEST, input -> manifest(sealed(FormatExamples.MANIFEST, input)))
                        .withMaxAllocatedBytes(MANIFEST_BYTES),
                FuzzTarget.of(
                        "sealed-json",
                        () -> List.of(example(false, Compression.NONE, FormatExamples.INCARNATION)),
                        this::json));
    }

    private static FuzzTarget object(String name, String path, FuzzTarget.Body body) {
        return new FuzzTarget(
                name,
                () -> List.of(example(false, Compression.NONE, path), example(false, Compression.DEFAULT, path)),
                16 << 10,
                OBJECT_BYTES,
                body);
    }

    private static byte[] example(boolean encrypted, Compression compression, String path) {
        try {
            return Objects.requireNonNull(
                    FormatExamples.objects(encrypted, compression).get(path), path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] sealed(String path, byte[] input) {
        return Resealing.reseal(plain, path, input);
    }

    private static void small(KeyRing ring, byte[] object) throws IOException {
        SmallObjectCodec codec = new SmallObjectCodec(ring, new TestRings.FixedRandom(1));
        byte[] content = codec.open(ObjectKind.EVENT, FormatExamples.EVENT, object);
        try (java.io.InputStream again =
                codec.seal(ObjectKind.EVENT, FormatExamples.EVENT, content).open()) {
            assertThat(codec.open(ObjectKind.EVENT, FormatExamples.EVENT, again.readAllBytes()))
                    .isEqualTo(content);
        }
    }

    private void wal(byte[] object) {
        String path = FormatExamples.HISTORY;
        WalObjectCodec codec = new WalObjectCodec(
                plain, Compression.NONE, new TestRings.FixedRandom(1), new BufferPool(BufferPool.DEFAULT_LIMIT_BYTES));
        WalObjectInfo info = codec.decode(path, object, ByteSink.of(new ByteArrayOutputStream()));
        assertThat(codec.parseHeader(path, object).rawLength()).isEqualTo(info.rawLength());
        MemoryStore store = new MemoryStore();
        store.put(path, object);
        assertThat(codec.readInfo(store, path, object.length)).isEqualTo(info);
    }

    private void pack(byte[] object) {
        String path = FormatExamples.PACK;
        MemoryStore store = new MemoryStore();
        store.put(path, object);
        EnvelopeScanner.Scan scan = EnvelopeScanner.scan(store, plain, ObjectKind.PACK, path, object.length);
        Bytes header = EnvelopeHeader.parse(object, path).encode();
        try (PackReader reader = new PackReader(store, plain)) {
            long rawBytes =
                    scan.intact().stream().mapToLong(FrameLocation::rawLength).sum();
            PackRef pack = new PackRef(
                    path,
                    header,
                    object.length,
                    Bytes.of(Digests.sha256(object)),
                    rawBytes,
                    scan.intact().size());
            reader.readPageDigests(pack);
            reader.verify(pack);
            assertThat(scan.complete()).isTrue();
            assertThat(scan.findings()).isEmpty();
        }
    }

    @SuppressWarnings("ReturnValueIgnored") // whether it fails is all that is asked
    private void manifest(byte[] object) {
        String path = FormatExamples.MANIFEST;
        MemoryStore store = new MemoryStore();
        store.put(path, object);
        try (ManifestReader manifest = ManifestReader.open(store, plain, path, object.length)) {
            List<FileEntry> files = new ArrayList<>();
            manifest.files().forEachRemaining(files::add);
            assertThat((long) files.size()).isEqualTo(manifest.fileCount());
            manifest.pageFailures().forEachRemaining(_ -> {});
            manifest.relations().forEachRemaining(_ -> {});
            manifest.filesFrom(Bytes.utf8("base")).forEachRemaining(_ -> {});
            manifest.find(Bytes.utf8("PG_VERSION"));
        }
    }

    /** Read as it is: the MAC is the last that is checked. */
    private void json(byte[] input) {
        SealedJson.claimsEncryption("document", input);
        SealedJson.peek("document", input);
        if (!SealedJson.claimsEncryption("document", input)) {
            SealedJson.open(plain, FormatExamples.INCARNATION, input);
        }
    }
}
