package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;

/**
 * The content of the trailer frame.
 *
 * @param indexOffset of the first index frame from the object's start
 * @param indexFrames number of index frames
 * @param dataFrames number of data frames
 * @param rawLength bytes of content
 * @param indexRawLength bytes of the index
 */
record Trailer(long indexOffset, int indexFrames, int dataFrames, long rawLength, long indexRawLength) {
    static final int CONTENT_BYTES = 32;

    /** Last bytes of every envelope. */
    static final Bytes END_MAGIC = Bytes.fromHex("5047424b454e440a");

    /** Bytes from the trailer frame's header to the end of the object. */
    static int storedLength(int tagBytes) {
        return FrameHeader.BYTES + CONTENT_BYTES + tagBytes + END_MAGIC.length();
    }

    byte[] encode() {
        return new BinaryWriter(CONTENT_BYTES)
                .u64(indexOffset)
                .u32(indexFrames)
                .u32(dataFrames)
                .u64(rawLength)
                .u64(indexRawLength)
                .toArray();
    }

    static Trailer parse(byte[] content, String path) {
        BinaryReader in = new BinaryReader(content, path);
        Trailer trailer = new Trailer(in.u64(), in.u32(), in.u32(), in.u64(), in.u64());
        in.expectEnd();
        return trailer;
    }
}
