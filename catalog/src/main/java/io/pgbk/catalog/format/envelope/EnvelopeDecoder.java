package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.FrameProtection;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.error.PgbkException;
import java.util.Arrays;

/** What every way of reading an object needs: its parsed header and the means to check its frames. */
final class EnvelopeDecoder {
    private final String path;
    private final EnvelopeHeader header;
    private final int headerLength;
    private final FrameProtection protection;
    private final int tagBytes;
    private final FrameCodec codec;

    /**
     * Parses the header.
     *
     * @param start the object's first bytes
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, FORMAT_TOO_NEW, KEY_WRONG
     */
    EnvelopeDecoder(KeyRing ring, ObjectKind kind, String path, byte[] start, FrameCodec codec, boolean bulk) {
        this.path = path;
        this.codec = codec;
        this.header = EnvelopeHeader.parse(start, path);
        this.headerLength = EnvelopeHeader.storedLength(start, path);
        if (header.kind() != kind) {
            throw Damage.of(path, "it is of kind " + header.kind() + " instead of " + kind);
        }
        if (header.encrypted() != ring.encrypted()) {
            throw Damage.of(
                    path,
                    header.encrypted()
                            ? "it is encrypted, but the repository is not"
                            : "it is not encrypted, but the repository is");
        }
        this.protection = protection(ring, start, bulk);
        this.tagBytes = FrameProtection.tagBytes(header.encrypted());
    }

    private FrameProtection protection(KeyRing ring, byte[] start, boolean bulk) {
        try {
            return FrameProtection.of(
                    ring,
                    header.kind(),
                    header.keyEpoch(),
                    header.salt(),
                    Arrays.copyOf(start, headerLength),
                    ring.identity(path),
                    bulk);
        } catch (PgbkException e) {
            throw new PgbkException(
                    e.code(), "object " + path + " cannot be decrypted: " + e.getMessage(), e.hint(), e);
        }
    }

    String path() {
        return path;
    }

    EnvelopeHeader header() {
        return header;
    }

    FrameCodec codec() {
        return codec;
    }

    int headerLength() {
        return headerLength;
    }

    int tagBytes() {
        return tagBytes;
    }

    private int maxRawBytes(FrameType type) {
        return switch (type) {
            case DATA -> header.frameBytes();
            case INDEX -> EnvelopeWriter.INDEX_FRAME_BYTES;
            case TRAILER -> Trailer.CONTENT_BYTES;
        };
    }

    /** Parses a frame header and checks its lengths against the bounds of its type. */
    FrameHeader frameHeader(byte[] source, int offset) {
        FrameHeader frame = FrameHeader.parse(source, offset, header.kind(), FormatLimits.MAX_FRAME_BYTES, path);
        if (frame.rawLength() > maxRawBytes(frame.type())) {
            throw Damage.of(path, frame.name() + " claims " + frame.rawLength() + " raw bytes");
        }
        return frame;
    }

    void decode(FrameHeader frame, byte[] source, int offset, byte[] target, int targetOffset) {
        codec.decode(protection, frame, source, offset, target, targetOffset, path);
    }

    /** As the other, into the codec's buffer for raw frames; returns that. */
    byte[] decode(FrameHeader frame, byte[] source, int offset) {
        return codec.decode(protection, frame, source, offset, path);
    }

    /**
     * Checks and decodes the data frame that an index or a manifest names.
     *
     * @param source holds all {@code location.storedLength()} bytes at the offset
     * @param target has room for {@code location.rawLength()} bytes
     */
    void decodeData(FrameLocation location, byte[] source, int offset, byte[] target) {
        if (location.storedLength() < FrameHeader.BYTES + tagBytes) {
            throw Damage.of(path, "frame " + location.number() + " is named with an impossible length");
        }
        FrameHeader frame = frameHeader(source, offset);
        if (frame.type() != FrameType.DATA
                || frame.number() != location.number()
                || frame.storedLength(tagBytes) != location.storedLength()
                || frame.rawLength() != location.rawLength()) {
            throw Damage.of(path, "frame " + location.number() + " is not where the index says");
        }
        decode(frame, source, offset, target, 0);
    }
}
