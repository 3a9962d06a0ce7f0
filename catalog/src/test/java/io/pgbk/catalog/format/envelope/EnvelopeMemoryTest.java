package io.pgbk.catalog.format.envelope;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.FrameProtection;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hazard: what a header only claims makes nobody take memory for it. */
class EnvelopeMemoryTest {
    private static final int FRAME = 4096;
    private static final String PATH = "clusters/main/wal/1/00000001/00000000/000000010000000000000003";
    /** Where headers and frame headers have their lengths. */
    private static final int FRAME_SIZE = 20;

    private static final int RAW_LENGTH = 24;
    private static final int RAW_LENGTH_OF_FRAME = 12;
    private static final int INDEX_FRAMES_OF_TRAILER = 8;
    private static final int INDEX_LENGTH_OF_TRAILER = 24;

    /** Frame header and tag, and zstd's own for what does not shrink. */
    private static final int OVERHEAD = 64;

    private static final class Recording implements Buffers {
        private int largest;

        @Override
        public byte[] take(int leastBytes) {
            largest = Math.max(largest, leastBytes);
            return new byte[leastBytes];
        }

        @Override
        public void give(byte[] array) {
            // The collector takes it.
        }
    }

    private static int read(KeyRing ring, byte[] object, Recording buffers) {
        int total = 0;
        try (FrameCodec codec = FrameCodec.forReading(buffers)) {
            EnvelopeStream stream = new EnvelopeStream(
                    new ByteArrayInputStream(object), object.length, ring, ObjectKind.PACK, PATH, codec, false);
            for (int count = stream.next(); count >= 0; count = stream.next()) {
                total += count;
            }
        }
        return total;
    }

    private static byte[] claiming(byte[] object) {
        byte[] claiming = object.clone();
        ByteBuffer.wrap(claiming)
                .putInt(FRAME_SIZE, FormatLimits.MAX_FRAME_BYTES)
                .putLong(RAW_LENGTH, EnvelopeHeader.UNKNOWN_LENGTH);
        return claiming;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aChangedFrameSizeIsDamageBeforeMemoryIsTakenForSuchFrames(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] object = EnvelopeTamperTest.encode(ring, PATH, TestRings.content(3 * FRAME, 1), FRAME, new byte[0]);
        Recording buffers = new Recording();

        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> read(ring, claiming(object), buffers))
                .withMessageContaining(PATH)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));

        assertThat(buffers.largest).isPositive().isLessThanOrEqualTo(FRAME + OVERHEAD);
    }

    /** Who can write into a plain repository makes the tags fit. */
    @Test
    void aForgedFrameSizeTakesTheMemoryOfTheFramesThatAreThere() {
        KeyRing plain = TestRings.ring(false);
        byte[] object = EnvelopeTamperTest.encode(plain, PATH, TestRings.content(3 * FRAME, 1), FRAME, new byte[0]);
        Recording buffers = new Recording();

        assertThat(read(plain, Resealing.reseal(plain, PATH, claiming(object)), buffers))
                .isEqualTo(3 * FRAME);

        assertThat(buffers.largest).isPositive().isLessThanOrEqualTo(FRAME + OVERHEAD);
    }

    @Test
    void anIndexOfMoreThanTheTrailerNamesIsDamageBeforeItIsUnpacked() {
        KeyRing plain = TestRings.ring(false);
        byte[] object = EnvelopeTamperTest.encode(plain, PATH, new byte[FRAME], FRAME, new byte[3 << 20]);
        int trailer =
                object.length - Trailer.END_MAGIC.length() - FrameProtection.tagBytes(false) - Trailer.CONTENT_BYTES;
        byte[] fewerFrames = object.clone();
        ByteBuffer.wrap(fewerFrames).putInt(trailer + INDEX_FRAMES_OF_TRAILER, 1);
        byte[] fewerBytes = object.clone();
        ByteBuffer.wrap(fewerBytes).putLong(trailer + INDEX_LENGTH_OF_TRAILER, 1 << 20);

        for (byte[] forged : List.of(fewerFrames, fewerBytes)) {
            MemoryStore store = new MemoryStore();
            store.put(PATH, Resealing.reseal(plain, PATH, forged));
            try (FrameCodec codec = FrameCodec.forReading()) {
                assertThatExceptionOfType(PgbkException.class)
                        .isThrownBy(
                                () -> EnvelopeReader.open(store, plain, ObjectKind.PACK, PATH, forged.length, codec))
                        .withMessageContaining(PATH)
                        .withMessageContaining("its index has more than its trailer says");
            }
        }
    }

    @Test
    void aForgedLengthThatSoFewCompressedBytesCannotHoldIsDamageBeforeMemoryIsTakenForIt() {
        KeyRing plain = TestRings.ring(false);
        byte[] object = claiming(EnvelopeTamperTest.encode(plain, PATH, new byte[FRAME], FRAME, new byte[0]));
        int frame = EnvelopeHeader.storedLength(object, PATH);
        ByteBuffer.wrap(object).putInt(frame + RAW_LENGTH_OF_FRAME, FormatLimits.MAX_FRAME_BYTES);
        Recording buffers = new Recording();

        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> read(plain, Resealing.reseal(plain, PATH, object), buffers))
                .withMessageContaining(PATH)
                .withMessageContaining("claims " + FormatLimits.MAX_FRAME_BYTES + " raw bytes")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));

        assertThat(buffers.largest).isPositive().isLessThanOrEqualTo(object.length);
    }
}
