package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.FrameProtection;
import java.nio.ByteBuffer;

/**
 * The 16 bytes before each frame's payload.
 *
 * @param last the last frame of its type
 * @param compressed zstd; otherwise the payload is the raw content
 * @param number counts from 0 within the type
 * @param payloadLength bytes of payload, without the tag
 * @param rawLength bytes after decompression
 */
record FrameHeader(FrameType type, boolean last, boolean compressed, int number, int payloadLength, int rawLength) {
    static final int BYTES = FrameProtection.FRAME_HEADER_BYTES;

    private static final int FLAG_LAST = 1;
    private static final int FLAG_ZSTD = 2;

    void write(byte[] target, int offset, ObjectKind kind) {
        ByteBuffer.wrap(target, offset, BYTES)
                .put((byte) type.code())
                .put((byte) ((last ? FLAG_LAST : 0) | (compressed ? FLAG_ZSTD : 0)))
                .put((byte) kind.code())
                .put((byte) 0)
                .putInt(number)
                .putInt(payloadLength)
                .putInt(rawLength);
    }

    /** Reads and bounds-checks a header; nothing of it is authenticated yet. */
    static FrameHeader parse(byte[] source, int offset, ObjectKind kind, int maxRawBytes, String path) {
        BinaryReader in = new BinaryReader(source, offset, BYTES, path);
        int typeCode = in.u8();
        FrameType type = null;
        for (FrameType candidate : FrameType.values()) {
            if (candidate.code() == typeCode) {
                type = candidate;
            }
        }
        int flags = in.u8();
        int kindCode = in.u8();
        int reserved = in.u8();
        int number = in.u32();
        int payloadLength = in.u32();
        int rawLength = in.u32();
        if (type == null || (flags & ~(FLAG_LAST | FLAG_ZSTD)) != 0 || kindCode != kind.code() || reserved != 0) {
            throw Damage.of(path, "no frame of this object begins where one must");
        }
        if (number < 0 || rawLength < 0 || rawLength > maxRawBytes || payloadLength < 0 || payloadLength > rawLength) {
            throw Damage.of(
                    path,
                    "frame " + Integer.toUnsignedString(number) + " has impossible lengths "
                            + Integer.toUnsignedString(payloadLength) + " and " + Integer.toUnsignedString(rawLength));
        }
        boolean compressed = (flags & FLAG_ZSTD) != 0;
        if (!compressed && payloadLength != rawLength) {
            throw Damage.of(path, "frame " + number + " is stored uncompressed with two lengths");
        }
        return new FrameHeader(type, (flags & FLAG_LAST) != 0, compressed, number, payloadLength, rawLength);
    }

    int storedLength(int tagBytes) {
        return BYTES + payloadLength + tagBytes;
    }

    /** How messages call the frame. */
    String name() {
        return switch (type) {
            case DATA -> "frame " + number;
            case INDEX -> "index frame " + number;
            case TRAILER -> "trailer";
        };
    }
}
