package io.pgbk.catalog.format.envelope;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.FrameProtection;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import io.pgbk.task.ScratchBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Turns raw bytes into stored frames and back; keeps compressor, decompressor and buffers for re-use over many objects.
 * Used by one thread at a time; holds two frames of memory (when it reads, three) and native compressor state until closed.
 */
public final class FrameCodec implements AutoCloseable {
    /** What zstd needs for a block, and the most that a block can hold (RFC 8878, 3.1.1.2). */
    private static final long LEAST_BLOCK_BYTES = 4;

    private static final long MOST_RAW_BLOCK_BYTES = 128 << 10;

    private final Compression compression;
    private @Nullable ZstdCompressCtx compressor;
    private @Nullable ZstdDecompressCtx decompressor;
    private final ScratchBuffer compressed;
    private final ScratchBuffer stored;
    private final ScratchBuffer raw;

    /** @param compression for frames that are written */
    public FrameCodec(Compression compression) {
        this(compression, Buffers.HEAP);
    }

    /**
     * A codec with its buffers from a share.
     *
     * @param compression for frames that are written
     */
    public FrameCodec(Compression compression, Buffers buffers) {
        this.compression = compression;
        this.compressed = new ScratchBuffer(buffers);
        this.stored = new ScratchBuffer(buffers);
        this.raw = new ScratchBuffer(buffers);
    }

    /** A codec that only reads. */
    public static FrameCodec forReading() {
        return forReading(Buffers.HEAP);
    }

    /** A codec that only reads, with its buffers from a share. */
    public static FrameCodec forReading(Buffers buffers) {
        return new FrameCodec(Compression.NONE, buffers);
    }

    /** What a codec takes of a share that writes frames of so many bytes. */
    public static long writingBytes(int frameBytes) {
        return 2 * frameSize(frameBytes);
    }

    /** What a codec takes of a share that reads frames of so many bytes. */
    public static long readingBytes(int frameBytes) {
        return 3 * frameSize(frameBytes);
    }

    /** Indexes have frames of a size of their own. */
    private static long frameSize(int frameBytes) {
        return BufferPool.sizeOf(Math.max(frameBytes, EnvelopeWriter.INDEX_FRAME_BYTES));
    }

    private int compress(byte[] raw, int offset, int length) {
        if (!compression.enabled() || length < 2) {
            return length;
        }
        if (compressor == null) {
            compressor = new ZstdCompressCtx();
            compressor.setLevel(compression.level()).setChecksum(false).setDictID(false);
        }
        // A buffer too small for what does not shrink makes zstd stop early.
        byte[] target = compressed.atLeast(length - 1);
        try {
            return compressor.compressByteArray(target, 0, length - 1, raw, offset, length);
        } catch (ZstdException e) {
            return length;
        }
    }

    /** Builds a stored frame in {@link #buffer()} and returns its length. */
    int encode(
            FrameProtection protection,
            int tagBytes,
            ObjectKind kind,
            FrameType type,
            int number,
            boolean last,
            byte[] raw,
            int offset,
            int length) {
        int payload = type == FrameType.TRAILER ? length : compress(raw, offset, length);
        boolean shrank = payload < length;
        FrameHeader header = new FrameHeader(type, last, shrank, number, payload, length);
        int total = header.storedLength(tagBytes);
        byte[] target = stored.array();
        if (target.length < total) {
            // Some room, so that not every frame that is a little larger needs another array; never more than this
            // frame's content takes when it does not shrink, which is what the share was reckoned with.
            int most = FrameHeader.BYTES + length + tagBytes;
            int roomy = Math.min(2 * target.length, total + total / 4);
            target = stored.atLeast(Math.max(total, Math.min(most, roomy)));
        }
        header.write(target, 0, kind);
        if (shrank) {
            protection.seal(target, 0, compressed.array(), 0, payload, target, FrameHeader.BYTES);
        } else {
            protection.seal(target, 0, raw, offset, length, target, FrameHeader.BYTES);
        }
        return total;
    }

    /** What {@link #encode} built, valid until the next call. */
    byte[] buffer() {
        return stored.array();
    }

    /** A buffer for a stored frame that is read; {@link #encode} uses the same. */
    ScratchBuffer storedFrame() {
        return stored;
    }

    /** A buffer for the raw content of a frame that is read, for the use of one reader at a time. */
    ScratchBuffer rawFrame() {
        return raw;
    }

    /**
     * Checks and decodes a stored frame whose header was parsed and whose bytes are all there.
     *
     * @param target gets {@code header.rawLength()} bytes at {@code targetOffset}
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED naming object and frame
     */
    void decode(
            FrameProtection protection,
            FrameHeader header,
            byte[] source,
            int offset,
            byte[] target,
            int targetOffset,
            String path) {
        if (header.compressed()) {
            openCompressed(protection, header, source, offset, path);
            decompress(header, target, targetOffset, path);
        } else {
            open(protection, header, source, offset, target, targetOffset, path);
        }
    }

    /**
     * As the other, into {@link #rawFrame()}, which becomes as large as the frame's content only when the frame is known
     * to be what was stored: before, its length is a claim.
     *
     * @return where the content stands, from index 0
     */
    byte[] decode(FrameProtection protection, FrameHeader header, byte[] source, int offset, String path) {
        byte[] target;
        if (header.compressed()) {
            openCompressed(protection, header, source, offset, path);
            target = raw.atLeast(header.rawLength());
            decompress(header, target, 0, path);
        } else {
            // As long as the bytes that are there.
            target = raw.atLeast(header.rawLength());
            open(protection, header, source, offset, target, 0, path);
        }
        return target;
    }

    private static void open(
            FrameProtection protection,
            FrameHeader header,
            byte[] source,
            int offset,
            byte[] target,
            int targetOffset,
            String path) {
        int payloadOffset = offset + FrameHeader.BYTES;
        if (!protection.open(source, offset, source, payloadOffset, header.payloadLength(), target, targetOffset)) {
            throw wrong(header, path);
        }
    }

    /** Who can write into a plain repository can make a tag: the length must be one that so little can hold, too. */
    private void openCompressed(
            FrameProtection protection, FrameHeader header, byte[] source, int offset, String path) {
        open(protection, header, source, offset, compressed.atLeast(header.payloadLength()), 0, path);
        if (header.rawLength() > header.payloadLength() / LEAST_BLOCK_BYTES * MOST_RAW_BLOCK_BYTES) {
            throw Damage.of(
                    path, header.name() + " claims " + header.rawLength() + " raw bytes in " + header.payloadLength());
        }
    }

    private void decompress(FrameHeader header, byte[] target, int targetOffset, String path) {
        if (decompressor == null) {
            decompressor = new ZstdDecompressCtx();
        }
        try {
            int length = decompressor.decompressByteArray(
                    target, targetOffset, header.rawLength(), compressed.array(), 0, header.payloadLength());
            if (length != header.rawLength()) {
                throw Damage.of(path, header.name() + " has " + length + " raw bytes instead of " + header.rawLength());
            }
        } catch (ZstdException e) {
            throw Damage.of(path, header.name() + " cannot be decompressed", e);
        }
    }

    private static RuntimeException wrong(FrameHeader header, String path) {
        return Damage.of(path, header.name() + " does not fit its tag: its bytes, its place or its name changed");
    }

    @Override
    public void close() {
        if (compressor != null) {
            compressor.close();
            compressor = null;
        }
        if (decompressor != null) {
            decompressor.close();
            decompressor = null;
        }
        Arrays.fill(compressed.array(), (byte) 0);
        compressed.close();
        stored.close();
        raw.close();
    }
}
