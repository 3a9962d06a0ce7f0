package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.BinaryReader;

/** The decoded index of an object: its frames, and what its kind keeps there. */
final class EnvelopeIndex {
    private final FrameIndex frames;
    private final byte[] kindIndex;

    private EnvelopeIndex(FrameIndex frames, byte[] kindIndex) {
        this.frames = frames;
        this.kindIndex = kindIndex;
    }

    static EnvelopeIndex parse(byte[] content, long firstOffset, int tagBytes, int frameBytes, String path) {
        BinaryReader in = new BinaryReader(content, path);
        FrameIndex frames = FrameIndex.parse(in, firstOffset, tagBytes, frameBytes);
        byte[] kindIndex = in.bytes().toArray();
        in.expectEnd();
        return new EnvelopeIndex(frames, kindIndex);
    }

    FrameIndex frames() {
        return frames;
    }

    byte[] kindIndex() {
        return kindIndex;
    }
}
