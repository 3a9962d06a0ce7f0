package io.pgbk.catalog.format.envelope;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.util.List;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The parts of an envelope that are read before or behind its digests, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EnvelopeFuzzTest implements FuzzTargets {
    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    private static final int FIRST_OFFSET = 68;
    private static final int TAG_BYTES = 32;
    private static final int FRAME_BYTES = 1 << 20;

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                FuzzTarget.of("envelope-header", EnvelopeFuzzTest::headers, EnvelopeFuzzTest::header),
                FuzzTarget.of("envelope-index", EnvelopeFuzzTest::indexes, EnvelopeFuzzTest::index));
    }

    private static List<byte[]> headers() {
        Bytes salt = Bytes.of(new byte[32]);
        return List.of(
                new EnvelopeHeader(ObjectKind.WAL, true, 1, FRAME_BYTES, 16 << 20, salt, salt)
                        .encode()
                        .toArray(),
                new EnvelopeHeader(ObjectKind.PACK, false, 0, FRAME_BYTES, -1, salt, Bytes.EMPTY)
                        .encode()
                        .toArray());
    }

    private static void header(byte[] input) {
        EnvelopeHeader header = EnvelopeHeader.parse(input, "object");
        assertThat(EnvelopeHeader.parse(header.encode().toArray(), "object")).isEqualTo(header);
    }

    private static List<byte[]> indexes() {
        FrameIndex frames = new FrameIndex(FIRST_OFFSET, TAG_BYTES);
        for (int i = 0; i < 20; i++) {
            frames.add(1000 + i, FRAME_BYTES);
        }
        BinaryWriter index = new BinaryWriter(100);
        frames.write(index);
        return List.of(
                new BinaryWriter(1).varint(0).varint(0).toArray(),
                index.varint(3).raw(Bytes.fromHex("010203")).toArray());
    }

    private static void index(byte[] input) {
        EnvelopeIndex index = EnvelopeIndex.parse(input, FIRST_OFFSET, TAG_BYTES, FRAME_BYTES, "object");
        FrameIndex frames = index.frames();
        BinaryWriter out = new BinaryWriter(input.length);
        frames.write(out);
        out.varint(index.kindIndex().length).raw(index.kindIndex(), 0, index.kindIndex().length);
        assertThat(EnvelopeIndex.parse(out.toArray(), FIRST_OFFSET, TAG_BYTES, FRAME_BYTES, "object")
                        .frames()
                        .isSameAs(frames))
                .isTrue();
    }
}
