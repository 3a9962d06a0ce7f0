package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.ScratchBuffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Reads an object front to back and checks everything on the way: each frame, that none is missing, and that index and
 * trailer say the same. Content is complete and right only when {@link #next} has returned -1. Used by one thread.
 */
public final class EnvelopeStream {
    private final InputStream input;
    private final long length;
    private final EnvelopeDecoder decoder;
    private final FrameIndex frames;
    private long position;
    private final ScratchBuffer stored;
    private final int mostRawBytes;
    private byte[] kindIndex = new byte[0];
    private boolean lastSeen;
    private boolean complete;

    /**
     * Reads the header.
     *
     * @param input the whole object; the caller closes it
     * @param length stored bytes of the object
     * @param codec borrowed
     * @param bulk whether the object is large
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, FORMAT_TOO_NEW, KEY_WRONG
     */
    public EnvelopeStream(
            InputStream input,
            long length,
            KeyRing ring,
            ObjectKind kind,
            String path,
            FrameCodec codec,
            boolean bulk) {
        this.input = input;
        this.length = length;
        byte[] start = readHeader(input, length, path);
        this.decoder = new EnvelopeDecoder(ring, kind, path, start, codec, bulk);
        this.position = start.length;
        this.stored = codec.storedFrame();
        long known = decoder.header().rawLength();
        int size = decoder.header().frameBytes();
        this.mostRawBytes = known >= 0 ? (int) Math.min(known, size) : size;
        this.frames = new FrameIndex(start.length, decoder.tagBytes());
    }

    /** Reads exactly the header from a stream. */
    static byte[] readHeader(InputStream input, long length, String path) {
        try {
            byte[] fixed = input.readNBytes((int) Math.min(64, length));
            if (fixed.length < 64) {
                throw Damage.of(path, "it has " + fixed.length + " bytes and no complete header");
            }
            int total = Byte.toUnsignedInt(fixed[10]) << 8 | Byte.toUnsignedInt(fixed[11]);
            if (total < fixed.length || total > FormatLimits.MAX_HEADER_BYTES || total > length) {
                // Lets the parser name what is wrong: magic, version, or the length.
                EnvelopeHeader.storedLength(fixed, path);
                throw Damage.of(path, "its header cannot be " + total + " bytes long");
            }
            byte[] header = new byte[total];
            System.arraycopy(fixed, 0, header, 0, fixed.length);
            if (input.readNBytes(header, fixed.length, total - fixed.length) != total - fixed.length) {
                throw Damage.of(path, "it ends inside its header");
            }
            return header;
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static PgbkException unreadable(String path, IOException cause) {
        return new PgbkException(
                ErrorCode.REPOSITORY_UNREACHABLE,
                "cannot read object " + path + ": " + cause.getMessage(),
                null,
                cause);
    }

    /** The object's header. */
    public EnvelopeHeader header() {
        return decoder.header();
    }

    /** What {@link #next} has read, from index 0; valid until the next call of it. */
    public byte[] content() {
        return decoder.codec().rawFrame().array();
    }

    /**
     * Reads the next data frame. Memory is taken for bytes that are there, and for what a checked frame says: never for
     * what a header only claims.
     *
     * @return how many bytes {@link #content()} now holds, or -1 when the object was read to its very end and is
     *     sound
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED naming the frame
     */
    public int next() {
        if (complete) {
            return -1;
        }
        if (lastSeen) {
            finish();
            return -1;
        }
        FrameHeader frame = frame(FrameType.DATA, frames.count());
        if (frame.rawLength() > mostRawBytes) {
            throw Damage.of(decoder.path(), "it holds more than the " + header().rawLength() + " bytes of its header");
        }
        decoder.decode(frame, stored.array(), 0);
        frames.add(frame.payloadLength(), frame.rawLength());
        lastSeen = frame.last();
        return frame.rawLength();
    }

    private void fill(int offset, int count) {
        if (count > length - position) {
            throw Damage.of(decoder.path(), "it ends at byte " + length + " inside a frame");
        }
        byte[] target = stored.array();
        if (target.length < offset + count) {
            byte[] start = Arrays.copyOf(target, offset);
            target = stored.atLeast(offset + count);
            System.arraycopy(start, 0, target, 0, offset);
        }
        try {
            if (input.readNBytes(target, offset, count) != count) {
                throw Damage.of(decoder.path(), "it is shorter than its " + length + " bytes");
            }
        } catch (IOException e) {
            throw unreadable(decoder.path(), e);
        }
        position += count;
    }

    /** Reads a whole stored frame of the expected type and number into the buffer. */
    private FrameHeader frame(FrameType type, int number) {
        fill(0, FrameHeader.BYTES);
        FrameHeader frame = decoder.frameHeader(stored.array(), 0);
        if (frame.type() != type || frame.number() != number) {
            throw Damage.of(decoder.path(), frame.name() + " stands where another frame must");
        }
        fill(FrameHeader.BYTES, frame.payloadLength() + decoder.tagBytes());
        return frame;
    }

    private void finish() {
        String path = decoder.path();
        if (header().rawLength() != EnvelopeHeader.UNKNOWN_LENGTH && header().rawLength() != frames.rawLength()) {
            throw Damage.of(path, "it holds " + frames.rawLength() + " bytes and promises " + header().rawLength());
        }
        long indexOffset = position;
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        int indexFrames = 0;
        FrameHeader frame;
        do {
            frame = frame(FrameType.INDEX, indexFrames++);
            byte[] raw = new byte[frame.rawLength()];
            decoder.decode(frame, stored.array(), 0, raw, 0);
            content.write(raw, 0, raw.length);
            if (content.size() > FormatLimits.MAX_INDEX_BYTES) {
                throw Damage.of(path, "its index is over " + FormatLimits.MAX_INDEX_BYTES + " bytes");
            }
        } while (!frame.last());
        FrameHeader trailerFrame = frame(FrameType.TRAILER, 0);
        byte[] raw = new byte[trailerFrame.rawLength()];
        decoder.decode(trailerFrame, stored.array(), 0, raw, 0);
        Trailer trailer = Trailer.parse(raw, path);
        Trailer found = new Trailer(indexOffset, indexFrames, frames.count(), frames.rawLength(), content.size());
        if (!trailer.equals(found)) {
            throw Damage.of(path, "its trailer says " + trailer + ", found " + found);
        }
        fill(0, Trailer.END_MAGIC.length());
        if (!Bytes.of(stored.array(), 0, Trailer.END_MAGIC.length()).equals(Trailer.END_MAGIC) || position != length) {
            throw Damage.of(path, "it does not end where it must");
        }
        EnvelopeIndex index = EnvelopeIndex.parse(
                content.toByteArray(), frames.firstOffset(), decoder.tagBytes(), header().frameBytes(), path);
        if (!index.frames().isSameAs(frames)) {
            throw Damage.of(path, "its index names other frames than it has");
        }
        kindIndex = index.kindIndex();
        complete = true;
    }

    /** What the kind keeps in its index, once {@link #next} has returned -1. */
    public BinaryReader kindIndex() {
        if (!complete) {
            throw new IllegalStateException("the object was not read to its end");
        }
        return new BinaryReader(kindIndex, decoder.path());
    }

    /** Where the frames that were read so far lie. */
    public FrameIndex frames() {
        return frames;
    }
}
