package io.pgbk.catalog.format.envelope;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hazard: damaged, truncated or swapped objects are never delivered. */
class EnvelopeTamperTest {
    private static final int FRAME = 4096;
    private static final String PATH = "clusters/main/packs/x/0";
    private static final Set<ErrorCode> REFUSALS =
            Set.of(ErrorCode.OBJECT_DAMAGED, ErrorCode.FORMAT_TOO_NEW, ErrorCode.KEY_WRONG);

    static byte[] encode(KeyRing ring, String path, byte[] content, int frameBytes, byte[] kindIndex) {
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        try (FrameCodec codec = new FrameCodec(Compression.DEFAULT)) {
            EnvelopeWriter writer = new EnvelopeWriter(
                    ByteSink.of(stored),
                    ring,
                    path,
                    new EnvelopeSettings(ObjectKind.PACK, frameBytes, content.length, Bytes.EMPTY, false),
                    codec,
                    new TestRings.FixedRandom(content.length));
            for (int at = 0; at < content.length; at += frameBytes) {
                writer.write(content, at, Math.min(frameBytes, content.length - at));
            }
            writer.finish(kindIndex, 0, kindIndex.length);
        }
        return stored.toByteArray();
    }

    /** Reads by both ways; both must agree on the failure, so either result is the content or the refusal's code. */
    private static byte[] readBothWays(KeyRing ring, ObjectKind kind, String path, byte[] object) throws Exception {
        byte[] streamed = stream(ring, kind, path, object);
        MemoryStore store = new MemoryStore();
        store.put(path, object);
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeReader reader = EnvelopeReader.open(store, ring, kind, path, object.length, codec);
            ByteArrayOutputStream fetched = new ByteArrayOutputStream();
            List<FrameLocation> frames = new ArrayList<>();
            for (int i = 0; i < reader.frames().count(); i++) {
                frames.add(reader.frames().get(i));
            }
            reader.fetch(frames, (frame, raw) -> fetched.write(raw, 0, frame.rawLength()));
            assertThat(fetched.toByteArray()).isEqualTo(streamed);
        }
        return streamed;
    }

    private static byte[] stream(KeyRing ring, ObjectKind kind, String path, byte[] object) {
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeStream stream =
                    new EnvelopeStream(new ByteArrayInputStream(object), object.length, ring, kind, path, codec, false);
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            for (int count = stream.next(); count >= 0; count = stream.next()) {
                content.write(stream.content(), 0, count);
            }
            return content.toByteArray();
        }
    }

    private static void assertRefused(KeyRing ring, String path, byte[] object, String what) {
        assertRefusedBy(what, () -> stream(ring, ObjectKind.PACK, path, object));
        MemoryStore store = new MemoryStore();
        store.put(path, object);
        assertRefusedBy(what, () -> {
            try (FrameCodec codec = FrameCodec.forReading()) {
                EnvelopeReader reader = EnvelopeReader.open(store, ring, ObjectKind.PACK, path, object.length, codec);
                List<FrameLocation> frames = new ArrayList<>();
                for (int i = 0; i < reader.frames().count(); i++) {
                    frames.add(reader.frames().get(i));
                }
                reader.fetch(frames, (frame, raw) -> {});
            }
        });
    }

    private static void assertRefusedBy(String what, ThrowingCallable reading) {
        assertThatExceptionOfType(PgbkException.class)
                .as(what)
                .isThrownBy(reading)
                .satisfies(e -> assertThat(REFUSALS).as(what).contains(e.code()))
                .satisfies(e -> {
                    if (e.code() == ErrorCode.OBJECT_DAMAGED) {
                        assertThat(e.getMessage()).contains(PATH.substring(0, 8));
                    }
                });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void everyFlippedBitIsDetected(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] object = encode(ring, PATH, TestRings.content(FRAME + 100, 1), FRAME, new byte[] {1, 2, 3});
        for (int at = 0; at < object.length; at += at < 200 || at > object.length - 300 ? 1 : 7) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] damaged = object.clone();
                damaged[at] ^= (byte) (1 << bit);
                assertRefused(ring, PATH, damaged, "bit " + bit + " of byte " + at);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void everyTruncationAndEveryExtraByteIsDetected(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] object = encode(ring, PATH, TestRings.content(2 * FRAME, 1), FRAME, new byte[0]);
        for (int length = 0; length < object.length; length += length > object.length - 400 ? 1 : 13) {
            assertRefused(ring, PATH, Arrays.copyOf(object, length), "cut to " + length);
        }
        assertRefused(ring, PATH, Arrays.copyOf(object, object.length + 1), "one byte more");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void swappedRepeatedAndMissingFramesAreDetected(boolean encrypted) throws Exception {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] content = new byte[4 * FRAME];
        new Random(4).nextBytes(content);
        byte[] object = encode(ring, PATH, content, FRAME, new byte[0]);
        assertThat(readBothWays(ring, ObjectKind.PACK, PATH, object)).isEqualTo(content);
        int tag = encrypted ? 16 : 32;
        int frame = 16 + FRAME + tag;
        int start = object.length - 4 * frame - (object.length - dataEnd(object, ring));

        byte[] swapped = object.clone();
        System.arraycopy(object, start, swapped, start + frame, frame);
        System.arraycopy(object, start + frame, swapped, start, frame);
        assertRefused(ring, PATH, swapped, "frames 0 and 1 swapped");

        byte[] repeated = object.clone();
        System.arraycopy(object, start, repeated, start + frame, frame);
        assertRefused(ring, PATH, repeated, "frame 0 twice");

        byte[] missing = new byte[object.length - frame];
        System.arraycopy(object, 0, missing, 0, start + frame);
        System.arraycopy(object, start + 2 * frame, missing, start + frame, object.length - start - 2 * frame);
        assertRefused(ring, PATH, missing, "frame 1 missing");
    }

    /** Where the last full frame ends: before the empty last frame, index and trailer. */
    private static int dataEnd(byte[] object, KeyRing ring) {
        MemoryStore store = new MemoryStore();
        store.put(PATH, object);
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeReader reader = EnvelopeReader.open(store, ring, ObjectKind.PACK, PATH, object.length, codec);
            return (int) reader.frames().get(3).storedEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void framesOfAnotherObjectAreDetected(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] one = encode(ring, PATH, TestRings.content(FRAME, 1), FRAME, new byte[0]);
        byte[] other = encode(ring, PATH, TestRings.content(FRAME, 2), FRAME, new byte[0]);
        byte[] third = encode(ring, "clusters/main/packs/x/1", TestRings.content(FRAME, 1), FRAME, new byte[0]);
        assertThat(other).hasSizeBetween(one.length - 50, one.length + 50);
        assertRefused(ring, PATH, third, "an object that was written under another path");
        byte[] mixed = one.clone();
        int half = one.length / 2;
        System.arraycopy(third, half, mixed, half, Math.min(third.length, one.length) - half);
        assertRefused(ring, PATH, mixed, "second half of an object with another name");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void replayInAnotherRepositoryOrAsAnotherKindIsRefused(boolean encrypted) {
        RepositoryId elsewhere = RepositoryId.parse("ff0102030405060708090a0b0c0d0e0f");
        KeyRing ring = TestRings.ring(encrypted);
        KeyRing other = encrypted ? KeyRing.create(elsewhere, new TestRings.FixedRandom(1)) : KeyRing.plain(elsewhere);
        byte[] object = encode(ring, PATH, TestRings.content(100, 1), FRAME, new byte[0]);
        assertRefused(other, PATH, object, "another repository");
        assertRefusedBy("another kind", () -> stream(ring, ObjectKind.MANIFEST, PATH, object));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anObjectOfTheOtherSuiteIsRefused(boolean encrypted) {
        byte[] object = encode(TestRings.ring(encrypted), PATH, TestRings.content(100, 1), FRAME, new byte[0]);
        assertRefused(TestRings.ring(!encrypted), PATH, object, "the other suite");
    }

    @Test
    void anotherKeyIsRefused() {
        byte[] object = encode(TestRings.ring(true), PATH, TestRings.content(100, 1), FRAME, new byte[0]);
        KeyRing wrong = KeyRing.create(TestRings.REPOSITORY, new TestRings.FixedRandom(99));
        assertRefused(wrong, PATH, object, "another key");
    }

    @Test
    void aNewerFormatIsNamedAsSuch() {
        byte[] object = encode(TestRings.ring(true), PATH, TestRings.content(100, 1), FRAME, new byte[0]);
        object[9] = 2;
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> stream(TestRings.ring(true), ObjectKind.PACK, PATH, object))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_TOO_NEW))
                .withMessageContaining("format version 2");
    }
}
