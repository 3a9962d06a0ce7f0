package io.pgbk.catalog.format.wal;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeReader;
import io.pgbk.catalog.format.envelope.EnvelopeSettings;
import io.pgbk.catalog.format.envelope.EnvelopeStream;
import io.pgbk.catalog.format.envelope.EnvelopeWriter;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;

/**
 * Encodes WAL files (segments, partial segments, histories, backup histories) as objects and decodes them. Safe for use
 * by many threads.
 */
public final class WalObjectCodec {
    /** The header is shorter than this, every WAL object is longer. */
    private static final int HEADER_READ_BYTES = 128;

    private final KeyRing ring;
    private final Compression compression;
    private final SecureRandom random;
    private final BufferPool buffers;

    /**
     * A codec.
     *
     * @param compression of frames
     * @param buffers what encoded objects that wait in memory are counted in
     */
    public WalObjectCodec(KeyRing ring, Compression compression, SecureRandom random, BufferPool buffers) {
        this.buffers = buffers;
        this.ring = ring;
        this.compression = compression;
        this.random = random;
    }

    /**
     * Encodes a file that could have changed since its digest was taken. The result is kept in memory up to 64 MiB
     * while the buffers have room, beyond that in a temporary file.
     *
     * @param path the object's key below the prefix
     * @param raw the file's content, read once, exactly {@code info.rawLength()} bytes; the caller closes it
     * @param info with the SHA-256 that the validating first reading gave
     * @param temporaryDirectory for results over 64 MiB
     * @throws PgbkException WAL_INVALID when length or SHA-256 of what is read differ from the info: the file changed
     *     meanwhile; NO_SPACE when it cannot be spooled
     * @throws IOException when reading fails
     */
    public EncodedObject encode(String path, InputStream raw, WalObjectInfo info, Path temporaryDirectory)
            throws IOException {
        return encode(path, raw, info, temporaryDirectory, true);
    }

    /**
     * As {@link #encode(String, InputStream, WalObjectInfo, Path)}.
     *
     * @param compare whether what is read is compared with the info's SHA-256; not needed for bytes in memory that the
     *     digest was taken of
     */
    public EncodedObject encode(
            String path, InputStream raw, WalObjectInfo info, Path temporaryDirectory, boolean compare)
            throws IOException {
        SpooledObject result = new SpooledObject(temporaryDirectory, buffers);
        try (FrameCodec codec = new FrameCodec(compression)) {
            EnvelopeSettings settings = new EnvelopeSettings(
                    ObjectKind.WAL,
                    FormatLimits.DEFAULT_FRAME_BYTES,
                    info.rawLength(),
                    ring.compareDigest(ring.currentEpoch(), info.rawSha256()),
                    false);
            EnvelopeWriter writer = new EnvelopeWriter(result, ring, path, settings, codec, random);
            writeFrames(raw, info, writer, compare);
            byte[] kindIndex = info.encode();
            writer.finish(kindIndex, 0, kindIndex.length);
            result.finish(writer.sha256());
            return result;
        } catch (UncheckedIOException e) {
            closeAfter(result, e);
            throw new PgbkException(
                    ErrorCode.NO_SPACE,
                    path + " could not be spooled: " + e.getMessage(),
                    "A segment that is still large when compressed needs its size in the temporary directory "
                            + temporaryDirectory + ".",
                    e);
        } catch (IOException | RuntimeException e) {
            closeAfter(result, e);
            throw e;
        }
    }

    private static void closeAfter(SpooledObject result, Exception failure) {
        try {
            result.close();
        } catch (UncheckedIOException e) {
            failure.addSuppressed(e);
        }
    }

    private static void writeFrames(InputStream raw, WalObjectInfo info, EnvelopeWriter writer, boolean compare)
            throws IOException {
        MessageDigest sha256 = Digests.sha256();
        byte[] buffer = new byte[(int) Math.min(FormatLimits.DEFAULT_FRAME_BYTES, info.rawLength())];
        long rest = info.rawLength();
        do {
            int count = raw.readNBytes(buffer, 0, (int) Math.min(buffer.length, rest));
            if (count < Math.min(buffer.length, rest)) {
                throw changed(info, "it became shorter");
            }
            if (compare) {
                sha256.update(buffer, 0, count);
            }
            rest -= count;
            if (rest > 0) {
                writer.write(buffer, 0, count);
            } else {
                writer.writeLast(buffer, 0, count);
            }
        } while (rest > 0);
        if (raw.read() >= 0) {
            throw changed(info, "it became longer");
        }
        if (compare && !Bytes.of(sha256.digest()).equals(info.rawSha256())) {
            throw changed(info, "its content differs between two readings");
        }
    }

    private static PgbkException changed(WalObjectInfo info, String how) {
        return new PgbkException(
                ErrorCode.WAL_INVALID,
                "WAL file " + info.fileName() + " changed while it was read: " + how,
                "Nothing was stored. A file that PostgreSQL asks to archive must not change; see whether something else"
                        + " writes into pg_wal.");
    }

    /**
     * Reads an object front to back in one request, writes the raw file into the sink and checks everything. Nothing
     * that the sink got may be used before this returns.
     *
     * @param length stored bytes
     * @throws PgbkException OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG
     */
    public WalObjectInfo decode(ObjectStore store, String path, long length, ByteSink sink) {
        try (InputStream input = store.read(path, 0, length)) {
            return decode(path, input, length, sink);
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "cannot read object " + path + " from " + store.displayName() + ": " + e.getMessage(),
                    null,
                    e);
        }
    }

    /** As {@link #decode(ObjectStore, String, long, ByteSink)} for an object that is in memory. */
    public WalObjectInfo decode(String path, byte[] object, ByteSink sink) {
        return decode(path, new ByteArrayInputStream(object), object.length, sink);
    }

    /** As {@link #decode(ObjectStore, String, long, ByteSink)} for an object that is being read. */
    public WalObjectInfo decode(String path, InputStream input, long length, ByteSink sink) {
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeStream stream = new EnvelopeStream(input, length, ring, ObjectKind.WAL, path, codec, false);
            MessageDigest sha256 = Digests.sha256();
            for (int count = stream.next(); count >= 0; count = stream.next()) {
                sha256.update(stream.content(), 0, count);
                sink.write(ByteBuffer.wrap(stream.content(), 0, count));
            }
            WalObjectInfo info = WalObjectInfo.parse(stream.kindIndex(), path);
            check(info, stream.header(), stream.frames().rawLength(), path);
            if (!Bytes.of(sha256.digest()).equals(info.rawSha256())) {
                throw Damage.of(path, "the file in it does not fit the digest taken when it was archived");
            }
            return info;
        }
    }

    private void check(WalObjectInfo info, EnvelopeHeader header, long rawLength, String path) {
        if (info.rawLength() != rawLength
                || !header.compareDigest().equals(ring.compareDigest(header.keyEpoch(), info.rawSha256()))) {
            throw Damage.of(path, "its header and its index describe different files");
        }
    }

    /** Reads the first bytes of an object only. */
    public WalObjectHeader readHeader(ObjectStore store, String path) {
        try (InputStream input = store.read(path, 0, HEADER_READ_BYTES)) {
            return parseHeader(path, input.readNBytes(HEADER_READ_BYTES));
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "cannot read object " + path + " from " + store.displayName() + ": " + e.getMessage(),
                    null,
                    e);
        }
    }

    /** The header of an object whose first bytes (128 suffice) are in memory. */
    public WalObjectHeader parseHeader(String path, byte[] start) {
        EnvelopeHeader header = EnvelopeHeader.parse(start, path);
        if (header.kind() != ObjectKind.WAL || header.encrypted() != ring.encrypted()) {
            throw Damage.of(path, "it is no WAL object of this repository");
        }
        if (header.compareDigest().length() == 0 || header.rawLength() < 0) {
            throw Damage.of(path, "its header lacks digest or length");
        }
        return new WalObjectHeader(header.keyEpoch(), header.rawLength(), header.compareDigest());
    }

    /**
     * Whether the object with this header holds a file with this content.
     *
     * @throws PgbkException KEY_WRONG when the key set lacks the header's epoch
     */
    public boolean isSame(WalObjectHeader header, long rawLength, Bytes rawSha256) {
        return header.rawLength() == rawLength
                && header.compareDigest().equals(ring.compareDigest(header.keyEpoch(), rawSha256));
    }

    /**
     * Reads what the object says about its file, by a read of its start and a read of its end (one for small objects);
     * checked.
     *
     * @param length stored bytes
     */
    public WalObjectInfo readInfo(ObjectStore store, String path, long length) {
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeReader reader = EnvelopeReader.open(store, ring, ObjectKind.WAL, path, length, codec);
            WalObjectInfo info = WalObjectInfo.parse(reader.kindIndex(), path);
            check(info, reader.header(), reader.frames().rawLength(), path);
            return info;
        }
    }
}
