package io.pgbk.catalog.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.crypto.KeySlots;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.wal.WalObjectCodec;
import io.pgbk.task.BufferPool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Objects written by the first release with format 1, kept under src/test/resources/format-1 and never made again: every
 * later version must read them.
 */
class FrozenFormatTest {
    private static final List<String> PATHS = List.of(
            FormatExamples.EVENT,
            FormatExamples.HISTORY,
            FormatExamples.PACK,
            FormatExamples.MANIFEST,
            FormatExamples.INCARNATION);

    private final MemoryStore store = new MemoryStore();

    static Stream<String> suites() {
        return Stream.of("plain", "key-file", "passphrase");
    }

    private static byte[] resource(String folder, String path) throws IOException {
        try (InputStream input = FrozenFormatTest.class.getResourceAsStream("/format-1/" + folder + "/" + path)) {
            assertThat(input).as(path).isNotNull();
            return input.readAllBytes();
        }
    }

    private static KeyRing open(String suite) throws IOException {
        return switch (suite) {
            case "plain" -> KeyRing.plain(TestRings.REPOSITORY);
            case "key-file" -> unlock(FormatExamples.keyFile());
            default -> unlock(FormatExamples.passphrase());
        };
    }

    private static KeyRing unlock(UnlockSecret secret) throws IOException {
        List<KeySlots.StoredSlot> slots = List.of(slot(FormatExamples.SLOT), slot(FormatExamples.PASSPHRASE_SLOT));
        return KeySlots.open(TestRings.REPOSITORY, slots, secret);
    }

    private static KeySlots.StoredSlot slot(String path) throws IOException {
        return new KeySlots.StoredSlot(path, Bytes.of(resource("encrypted", path)));
    }

    @ParameterizedTest
    @MethodSource("suites")
    void objectsOfFormatOneAreReadForEver(String suite) throws IOException {
        KeyRing ring = open(suite);
        for (String path : PATHS) {
            store.put(path, resource(ring.encrypted() ? "encrypted" : "plain", path));
        }
        assertThat(SealedJson.open(ring, FormatExamples.INCARNATION, store.get(FormatExamples.INCARNATION)))
                .isEqualTo(FormatExamples.INCARNATION_JSON);
        assertThat(new SmallObjectCodec(ring, new TestRings.FixedRandom(1))
                        .open(ObjectKind.EVENT, FormatExamples.EVENT, store.get(FormatExamples.EVENT)))
                .isEqualTo(FormatExamples.EVENT_CONTENT);
        ByteArrayOutputStream history = new ByteArrayOutputStream();
        assertThat(new WalObjectCodec(
                                ring,
                                Compression.NONE,
                                new TestRings.FixedRandom(1),
                                new BufferPool(BufferPool.DEFAULT_LIMIT_BYTES))
                        .decode(FormatExamples.HISTORY, store.get(FormatExamples.HISTORY), ByteSink.of(history)))
                .isEqualTo(FormatExamples.historyInfo());
        assertThat(history.toByteArray()).isEqualTo(FormatExamples.HISTORY_CONTENT);
        long length = store.get(FormatExamples.MANIFEST).length;
        try (ManifestReader manifest = ManifestReader.open(store, ring, FormatExamples.MANIFEST, length);
                PackReader packs = new PackReader(store, ring)) {
            assertThat(manifest.facts()).isEqualTo(FormatExamples.facts());
            PackRef pack = manifest.packs().getFirst();
            packs.verify(pack);
            assertThat(packs.readPageDigests(pack).pages()).isEqualTo(1);
            assertContent(manifest, packs, "PG_VERSION", FormatExamples.version());
            assertContent(manifest, packs, "base/5/1259", FormatExamples.pages());
        }
    }

    private static void assertContent(ManifestReader manifest, PackReader packs, String path, byte[] expected)
            throws IOException {
        FileEntry entry = manifest.find(Bytes.utf8(path)).orElseThrow();
        byte[] content = new byte[(int) entry.size()];
        int at = 0;
        for (Extent extent : entry.extents()) {
            if (extent instanceof Extent.Stored(Extent.Frame frame, int offset, int bytes)) {
                int target = at;
                packs.read(
                        manifest.packs().get(frame.pack()),
                        List.of(frame),
                        (_, raw) -> System.arraycopy(raw, offset, content, target, bytes));
            }
            at += Math.toIntExact(extent.length());
        }
        assertThat(content).isEqualTo(expected);
        assertThat(entry.windows().matches(0, content, 0, content.length)).isTrue();
    }

    /** Made the samples once, with zstd. Refuses to replace them. */
    static void main(String[] arguments) throws IOException {
        for (boolean encrypted : new boolean[] {true, false}) {
            for (Map.Entry<String, byte[]> object :
                    FormatExamples.objects(encrypted, Compression.DEFAULT).entrySet()) {
                Path file = Path.of(arguments[0], encrypted ? "encrypted" : "plain", object.getKey());
                Files.createDirectories(file.getParent());
                Files.write(file, object.getValue(), java.nio.file.StandardOpenOption.CREATE_NEW);
            }
        }
    }
}
