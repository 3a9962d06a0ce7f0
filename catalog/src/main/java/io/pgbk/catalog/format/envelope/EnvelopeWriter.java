package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.FrameProtection;
import io.pgbk.catalog.format.crypto.KeyRing;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;

/**
 * Writes one object as a stream: header, then each data frame as it comes, then index and trailer. Computes length and
 * SHA-256 of the stored bytes. A new writer (and with it a new salt) is made for every attempt. Used by one thread.
 */
public final class EnvelopeWriter {
    /** Raw bytes per index frame. */
    static final int INDEX_FRAME_BYTES = 1024 * 1024;

    private final ByteSink sink;
    private final FrameCodec codec;
    private final EnvelopeHeader header;
    private final Bytes headerBytes;
    private final FrameProtection protection;
    private final int tagBytes;
    private final FrameIndex index;
    private final MessageDigest sha256 = Digests.sha256();
    private long length;
    private boolean sawLast;
    private boolean finished;

    /**
     * Begins the object: the header is written at once.
     *
     * @param path the object's key below the prefix
     * @param codec borrowed until {@link #finish}
     */
    public EnvelopeWriter(
            ByteSink sink,
            KeyRing ring,
            String path,
            EnvelopeSettings settings,
            FrameCodec codec,
            SecureRandom random) {
        this.sink = sink;
        this.codec = codec;
        byte[] salt = new byte[FrameProtection.SALT_BYTES];
        random.nextBytes(salt);
        this.header = new EnvelopeHeader(
                settings.kind(),
                ring.encrypted(),
                ring.currentEpoch(),
                settings.frameBytes(),
                settings.rawLength(),
                Bytes.of(salt),
                settings.compareDigest());
        this.headerBytes = header.encode();
        byte[] start = headerBytes.toArray();
        this.protection = FrameProtection.of(
                ring, header.kind(), header.keyEpoch(), header.salt(), start, ring.identity(path), settings.bulk());
        this.tagBytes = FrameProtection.tagBytes(ring.encrypted());
        this.index = new FrameIndex(start.length, tagBytes);
        emit(start, start.length);
    }

    private void emit(byte[] bytes, int count) {
        sha256.update(bytes, 0, count);
        length += count;
        sink.write(ByteBuffer.wrap(bytes, 0, count));
    }

    /** Writes a data frame of 0 to {@code frameBytes} raw bytes. */
    public FrameLocation write(byte[] raw, int offset, int count) {
        return write(raw, offset, count, false);
    }

    /** Writes the last data frame, so that no empty one need follow. */
    public FrameLocation writeLast(byte[] raw, int offset, int count) {
        return write(raw, offset, count, true);
    }

    private FrameLocation write(byte[] raw, int offset, int count, boolean last) {
        if (sawLast || finished) {
            throw new IllegalStateException("the last frame was written already");
        }
        if (count > header.frameBytes()) {
            throw new IllegalArgumentException(count + " bytes are more than a frame of " + header.frameBytes());
        }
        sawLast = last;
        int total = codec.encode(
                protection, tagBytes, header.kind(), FrameType.DATA, index.count(), last, raw, offset, count);
        emit(codec.buffer(), total);
        return index.add(total - FrameHeader.BYTES - tagBytes, count);
    }

    /**
     * Writes index and trailer; the object is complete.
     *
     * @param kindIndex what this kind of object keeps in its index
     * @param offset where it begins in the array
     * @param count its bytes
     * @throws IllegalStateException when the raw length differs from the header's
     */
    public void finish(byte[] kindIndex, int offset, int count) {
        finish(kindIndex, offset, count, _ -> {});
    }

    /**
     * As the other, for one who wants to open the object again without asking the store.
     *
     * @param keeper takes index and trailer as they are stored; for {@link EnvelopeReader#openTail}
     */
    public void finish(byte[] kindIndex, int offset, int count, ByteSink keeper) {
        if (!sawLast) {
            writeLast(new byte[0], 0, 0);
        }
        finished = true;
        if (header.rawLength() != EnvelopeHeader.UNKNOWN_LENGTH && header.rawLength() != index.rawLength()) {
            throw new IllegalStateException(
                    "the header promised " + header.rawLength() + " bytes, got " + index.rawLength());
        }
        BinaryWriter content = new BinaryWriter(count + 16 + index.count() * 6);
        index.write(content);
        content.varint(count).raw(kindIndex, offset, count);
        if (content.length() > FormatLimits.MAX_INDEX_BYTES) {
            throw new IllegalStateException("the index has " + content.length() + " bytes");
        }
        long indexOffset = length;
        int frames = 0;
        for (int at = 0; at < content.length(); at += INDEX_FRAME_BYTES) {
            int part = Math.min(INDEX_FRAME_BYTES, content.length() - at);
            boolean last = at + part == content.length();
            int stored = codec.encode(
                    protection, tagBytes, header.kind(), FrameType.INDEX, frames++, last, content.buffer(), at, part);
            emit(codec.buffer(), stored);
            keeper.write(ByteBuffer.wrap(codec.buffer(), 0, stored));
        }
        byte[] trailer = new Trailer(indexOffset, frames, index.count(), index.rawLength(), content.length()).encode();
        int total = codec.encode(
                protection, tagBytes, header.kind(), FrameType.TRAILER, 0, true, trailer, 0, trailer.length);
        emit(codec.buffer(), total);
        keeper.write(ByteBuffer.wrap(codec.buffer(), 0, total));
        emit(Trailer.END_MAGIC.toArray(), Trailer.END_MAGIC.length());
        keeper.write(ByteBuffer.wrap(Trailer.END_MAGIC.toArray()));
    }

    /** Finishes an object whose kind keeps nothing in the index. */
    public void finish() {
        finish(new byte[0], 0, 0);
    }

    /** The header as it was written. */
    public Bytes headerBytes() {
        return headerBytes;
    }

    /** Stored bytes so far. */
    public long length() {
        return length;
    }

    /** Data frames and raw bytes so far. */
    public FrameIndex index() {
        return index;
    }

    /** SHA-256 of the stored object; asked once, after {@link #finish}. */
    public Bytes sha256() {
        if (!finished) {
            throw new IllegalStateException("the object is not finished");
        }
        return Bytes.of(sha256.digest());
    }
}
