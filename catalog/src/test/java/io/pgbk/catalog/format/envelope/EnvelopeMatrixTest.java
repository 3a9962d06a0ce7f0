package io.pgbk.catalog.format.envelope;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EnvelopeMatrixTest {
    private static final int FRAME = 4096;
    private static final String PATH = "clusters/main/packs/x/0";

    static Stream<Arguments> matrix() {
        List<Arguments> rows = new ArrayList<>();
        for (boolean encrypted : new boolean[] {true, false}) {
            for (int level : new int[] {0, 1, 3, 19}) {
                for (int size : new int[] {0, 1, FRAME - 1, FRAME, FRAME + 1, 7 * FRAME, 50 * FRAME + 17}) {
                    rows.add(Arguments.of(encrypted, level, size));
                }
            }
        }
        return rows.stream();
    }

    @ParameterizedTest(name = "encrypted {0}, level {1}, {2} bytes")
    @MethodSource("matrix")
    void whatIsWrittenIsReadBackInEveryWay(boolean encrypted, int level, int size) throws Exception {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] content = TestRings.content(size, size);
        byte[] kindIndex = TestRings.content(300_000, 5);
        MemoryStore store = new MemoryStore();
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        try (FrameCodec codec = new FrameCodec(new Compression(level))) {
            EnvelopeWriter writer = new EnvelopeWriter(
                    ByteSink.of(stored),
                    ring,
                    PATH,
                    new EnvelopeSettings(ObjectKind.PACK, FRAME, -1, Bytes.EMPTY, false),
                    codec,
                    new TestRings.FixedRandom(2));
            for (int at = 0; at < size; at += FRAME) {
                writer.write(content, at, Math.min(FRAME, size - at));
            }
            writer.finish(kindIndex, 0, kindIndex.length);
            assertThat(writer.length()).isEqualTo(stored.size());
            assertThat(writer.sha256()).isEqualTo(Bytes.of(Digests.sha256(stored.toByteArray())));
        }
        byte[] object = stored.toByteArray();
        store.put(PATH, object);

        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeStream stream = new EnvelopeStream(
                    new ByteArrayInputStream(object), object.length, ring, ObjectKind.PACK, PATH, codec, false);
            ByteArrayOutputStream streamed = new ByteArrayOutputStream();
            for (int count = stream.next(); count >= 0; count = stream.next()) {
                streamed.write(stream.content(), 0, count);
            }
            assertThat(streamed.toByteArray()).isEqualTo(content);
            assertThat(stream.kindIndex().raw(kindIndex.length).toArray()).isEqualTo(kindIndex);

            EnvelopeReader reader = EnvelopeReader.open(store, ring, ObjectKind.PACK, PATH, object.length, codec);
            assertThat(reader.frames().isSameAs(stream.frames())).isTrue();
            assertThat(reader.kindIndex().remaining()).isEqualTo(kindIndex.length);
            ByteArrayOutputStream fetched = new ByteArrayOutputStream();
            List<FrameLocation> frames = new ArrayList<>();
            for (int i = 0; i < reader.frames().count(); i++) {
                frames.add(reader.frames().get(i));
            }
            reader.fetch(frames, (frame, raw) -> fetched.write(raw, 0, frame.rawLength()));
            assertThat(fetched.toByteArray()).isEqualTo(content);
        }
    }

    @ParameterizedTest
    @MethodSource("suites")
    void aFrameIsOneRangeReadOnceTheObjectIsOpen(boolean encrypted) throws Exception {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] content = new byte[100 * FRAME];
        new Random(3).nextBytes(content);
        MemoryStore store = new MemoryStore();
        byte[] object = EnvelopeTamperTest.encode(ring, PATH, content, FRAME, new byte[0]);
        store.put(PATH, object);
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeReader reader = EnvelopeReader.open(store, ring, ObjectKind.PACK, PATH, object.length, codec);
            assertThat(store.reads()).isEqualTo(2);
            reader.fetch(
                    List.of(reader.frames().get(77)),
                    (frame, raw) ->
                            assertThat(Bytes.of(raw, 0, FRAME)).isEqualTo(Bytes.of(content, 77 * FRAME, FRAME)));
            assertThat(store.reads()).isEqualTo(3);
        }
    }

    static Stream<Boolean> suites() {
        return Stream.of(true, false);
    }
}
