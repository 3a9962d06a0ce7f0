package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.FormatLimits;
import java.util.Arrays;

/** Where the data frames of one object lie: consecutive from the end of the header. Compact; grows while writing. */
public final class FrameIndex {
    private final long firstOffset;
    private final int overheadBytes;
    private int[] payloadLengths = new int[64];
    private int[] rawLengths = new int[64];
    private long[] offsets = new long[64];
    private int count;
    private long end;
    private long rawLength;

    FrameIndex(long firstOffset, int tagBytes) {
        this.firstOffset = firstOffset;
        this.overheadBytes = FrameHeader.BYTES + tagBytes;
        this.end = firstOffset;
    }

    FrameLocation add(int payloadLength, int frameRawLength) {
        if (count == offsets.length) {
            int capacity = count * 2;
            payloadLengths = Arrays.copyOf(payloadLengths, capacity);
            rawLengths = Arrays.copyOf(rawLengths, capacity);
            offsets = Arrays.copyOf(offsets, capacity);
        }
        payloadLengths[count] = payloadLength;
        rawLengths[count] = frameRawLength;
        offsets[count] = end;
        end += (long) overheadBytes + payloadLength;
        rawLength += frameRawLength;
        return get(count++);
    }

    /** Number of data frames, the empty one at the end (if any) included. */
    public int count() {
        return count;
    }

    /** The frame with the number. */
    public FrameLocation get(int number) {
        return new FrameLocation(number, offsets[number], overheadBytes + payloadLengths[number], rawLengths[number]);
    }

    /** Bytes of content in all frames. */
    public long rawLength() {
        return rawLength;
    }

    /** Where the first data frame begins. */
    long firstOffset() {
        return firstOffset;
    }

    /** The byte after the last data frame. */
    public long end() {
        return end;
    }

    void write(BinaryWriter out) {
        out.varint(count);
        for (int i = 0; i < count; i++) {
            out.varint(payloadLengths[i]).varint(rawLengths[i]);
        }
    }

    static FrameIndex parse(BinaryReader in, long firstOffset, int tagBytes, int frameBytes) {
        FrameIndex index = new FrameIndex(firstOffset, tagBytes);
        int frames = in.countOf(2);
        for (int i = 0; i < frames; i++) {
            int payloadLength = in.count(FormatLimits.MAX_FRAME_BYTES);
            int frameRawLength = in.count(frameBytes);
            if (payloadLength > frameRawLength) {
                throw in.damaged("its index names impossible lengths");
            }
            index.add(payloadLength, frameRawLength);
        }
        return index;
    }

    /** Whether both describe the same frames at the same places. */
    boolean isSameAs(FrameIndex other) {
        return firstOffset == other.firstOffset
                && overheadBytes == other.overheadBytes
                && count == other.count
                && Arrays.equals(payloadLengths, 0, count, other.payloadLengths, 0, count)
                && Arrays.equals(rawLengths, 0, count, other.rawLengths, 0, count);
    }
}
