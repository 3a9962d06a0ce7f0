package io.pgbk.catalog.format.envelope;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.FrameProtection;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Turns raw bytes into stored frames and back; keeps compressor, decompressor and buffers for re-use over many objects.
 * Used by one thread at a time; holds two frames of memory and native compressor state until closed.
 */
public final class FrameCodec implements AutoCloseable {
    private final Compression compression;
    private @Nullable ZstdCompressCtx compressor;
    private @Nullable ZstdDecompressCtx decompressor;
    private byte[] compressed = new byte[0];
    private byte[] stored = new byte[0];

    /** @param compression for frames that are written */
    public FrameCodec(Compression compression) {
        this.compression = compression;
    }

    /** A codec that only reads. */
    public static FrameCodec forReading() {
        return new FrameCodec(Compression.NONE);
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
        if (compressed.length < length - 1) {
            compressed = new byte[length - 1];
        }
        try {
            return compressor.compressByteArray(compressed, 0, length - 1, raw, offset, length);
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
        if (stored.length < total) {
            stored = new byte[Math.max(total, Math.min(2 * stored.length, total + total / 4))];
        }
        header.write(stored, 0, kind);
        if (shrank) {
            protection.seal(stored, 0, compressed, 0, payload, stored, FrameHeader.BYTES);
        } else {
            protection.seal(stored, 0, raw, offset, length, stored, FrameHeader.BYTES);
        }
        return total;
    }

    /** What {@link #encode} built, valid until the next call. */
    byte[] buffer() {
        return stored;
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
        int payloadOffset = offset + FrameHeader.BYTES;
        if (!header.compressed()) {
            if (!protection.open(source, offset, source, payloadOffset, header.payloadLength(), target, targetOffset)) {
                throw wrong(header, path);
            }
            return;
        }
        if (compressed.length < header.payloadLength()) {
            compressed = new byte[header.payloadLength()];
        }
        if (!protection.open(source, offset, source, payloadOffset, header.payloadLength(), compressed, 0)) {
            throw wrong(header, path);
        }
        if (decompressor == null) {
            decompressor = new ZstdDecompressCtx();
        }
        try {
            int length = decompressor.decompressByteArray(
                    target, targetOffset, header.rawLength(), compressed, 0, header.payloadLength());
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
        Arrays.fill(compressed, (byte) 0);
    }
}
