package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.Authentic;
import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Random access to one object: opening takes a read of its start and one of its end (one altogether for small objects),
 * then any frame is one range GET. Used by one thread.
 */
public final class EnvelopeReader {
    /** Most indexes and trailers fit into the end that is read first. */
    private static final int TAIL_BYTES = 64 * 1024;

    private static final int MIN_TAIL_BYTES = 4096;
    private static final int MAX_TAIL_BYTES = 16 * 1024 * 1024;

    private static final int MAX_INDEX_FRAMES = FormatLimits.MAX_INDEX_BYTES / EnvelopeWriter.INDEX_FRAME_BYTES;

    private final EnvelopeDecoder decoder;
    private final EnvelopeIndex index;
    private final FrameFetcher fetcher;

    private EnvelopeReader(ObjectStore store, EnvelopeDecoder decoder, EnvelopeIndex index) {
        this.decoder = decoder;
        this.index = index;
        this.fetcher = new FrameFetcher(store, decoder);
    }

    /**
     * Opens an object.
     *
     * @param path its key below the prefix
     * @param length its stored bytes, from a listing or from whoever refers to it
     * @param codec borrowed as long as the reader is used
     * @throws PgbkException OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG
     */
    public static EnvelopeReader open(
            ObjectStore store, KeyRing ring, ObjectKind kind, String path, long length, FrameCodec codec) {
        return Authentic.read(store, path, () -> openOnce(store, ring, kind, path, length, codec));
    }

    private static EnvelopeReader openOnce(
            ObjectStore store, KeyRing ring, ObjectKind kind, String path, long length, FrameCodec codec) {
        int tailLength = (int) Math.min(length, TAIL_BYTES);
        byte[] tail = readRange(store, path, length - tailLength, tailLength);
        byte[] start = tailLength == length
                ? tail
                : readRange(store, path, 0, (int) Math.min(length, FormatLimits.MAX_HEADER_BYTES));
        EnvelopeDecoder decoder = new EnvelopeDecoder(ring, kind, path, start, codec, false);
        return new EnvelopeReader(store, decoder, readIndex(ranges(store, path), decoder, tail, length, null));
    }

    /**
     * Opens an object whose header is known: with one read when its index fits into the end that is read.
     *
     * @param path its key below the prefix
     * @param length its stored bytes
     * @param headerBytes the header as it is stored
     * @param indexBytes about how long index and trailer are; another read follows when they are longer
     * @param codec borrowed as long as the reader is used
     * @throws PgbkException OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG
     */
    public static EnvelopeReader open(
            ObjectStore store,
            KeyRing ring,
            ObjectKind kind,
            String path,
            long length,
            Bytes headerBytes,
            long indexBytes,
            FrameCodec codec) {
        return open(store, ring, kind, path, length, headerBytes, indexBytes, codec, null);
    }

    /**
     * As the other, for one who wants to open the object again without asking the store.
     *
     * @param keeper takes index and trailer as they are stored, once they have been checked, for {@link #openTail};
     *     null for nobody
     */
    public static EnvelopeReader open(
            ObjectStore store,
            KeyRing ring,
            ObjectKind kind,
            String path,
            long length,
            Bytes headerBytes,
            long indexBytes,
            FrameCodec codec,
            @Nullable Consumer<byte[]> keeper) {
        int tailLength = (int) Math.min(length, Math.clamp(indexBytes, MIN_TAIL_BYTES, MAX_TAIL_BYTES));
        return Authentic.read(store, path, () -> {
            byte[] tail = readRange(store, path, length - tailLength, tailLength);
            EnvelopeDecoder decoder = new EnvelopeDecoder(ring, kind, path, headerBytes.toArray(), codec, false);
            return new EnvelopeReader(store, decoder, readIndex(ranges(store, path), decoder, tail, length, keeper));
        });
    }

    /**
     * Opens an object whose header is known and whose index and trailer were kept from an earlier time. They are checked
     * exactly as those out of the store are, which is not asked.
     *
     * @param store frames are fetched from it
     * @param path its key below the prefix
     * @param length its stored bytes
     * @param headerBytes the header as it is stored
     * @param tail what a {@code keeper} was given
     * @param codec borrowed as long as the reader is used
     * @throws PgbkException OBJECT_DAMAGED, FORMAT_TOO_NEW, KEY_WRONG: what was kept is not the object's
     */
    public static EnvelopeReader openTail(
            ObjectStore store,
            KeyRing ring,
            ObjectKind kind,
            String path,
            long length,
            Bytes headerBytes,
            byte[] tail,
            FrameCodec codec) {
        EnvelopeDecoder decoder = new EnvelopeDecoder(ring, kind, path, headerBytes.toArray(), codec, false);
        Ranges nothingElse = (_, _) -> {
            throw Damage.of(path, "only a part of its index was kept");
        };
        return new EnvelopeReader(store, decoder, readIndex(nothingElse, decoder, tail, length, null));
    }

    /** Gets bytes of the object. */
    @FunctionalInterface
    private interface Ranges {
        byte[] read(long offset, int length);
    }

    private static Ranges ranges(ObjectStore store, String path) {
        return (offset, length) -> readRange(store, path, offset, length);
    }

    private static byte[] readRange(ObjectStore store, String path, long offset, int length) {
        try (InputStream input = store.read(path, offset, length)) {
            byte[] bytes = input.readNBytes(length);
            if (bytes.length != length) {
                throw Damage.of(path, "it is shorter than expected");
            }
            return bytes;
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "cannot read object " + path + " from " + store.displayName() + ": " + e.getMessage(),
                    null,
                    e);
        }
    }

    private static EnvelopeIndex readIndex(
            Ranges ranges, EnvelopeDecoder decoder, byte[] tail, long length, @Nullable Consumer<byte[]> keeper) {
        String path = decoder.path();
        int trailerLength = Trailer.storedLength(decoder.tagBytes());
        int trailerStart = tail.length - trailerLength;
        Bytes magic = Trailer.END_MAGIC;
        if (trailerStart < 0
                || !Bytes.of(tail, tail.length - magic.length(), magic.length()).equals(magic)) {
            throw Damage.of(path, "it does not end as a pgbk object: its end is missing or changed");
        }
        FrameHeader frame = decoder.frameHeader(tail, trailerStart);
        if (frame.type() != FrameType.TRAILER
                || frame.number() != 0
                || frame.storedLength(decoder.tagBytes()) != trailerLength - magic.length()) {
            throw Damage.of(path, "it has no trailer at its end");
        }
        byte[] content = new byte[frame.rawLength()];
        decoder.decode(frame, tail, trailerStart, content, 0);
        Trailer trailer = Trailer.parse(content, path);
        long indexLength = length - trailerLength - trailer.indexOffset();
        if (trailer.indexFrames() < 1
                || trailer.indexFrames() > MAX_INDEX_FRAMES
                || trailer.indexRawLength() < 0
                || trailer.indexRawLength() > FormatLimits.MAX_INDEX_BYTES
                || trailer.indexOffset() < decoder.headerLength()
                || indexLength < 0
                || indexLength
                        > trailer.indexRawLength()
                                + (long) trailer.indexFrames() * (FrameHeader.BYTES + decoder.tagBytes())) {
            throw Damage.of(path, "its trailer names an impossible index");
        }
        byte[] stored;
        int at;
        if (indexLength <= trailerStart) {
            stored = tail;
            at = trailerStart - (int) indexLength;
        } else {
            stored = ranges.read(trailer.indexOffset(), (int) indexLength);
            at = 0;
        }
        byte[] raw = decodeIndex(decoder, stored, at, (int) indexLength, trailer);
        EnvelopeIndex index = EnvelopeIndex.parse(
                raw,
                decoder.headerLength(),
                decoder.tagBytes(),
                decoder.header().frameBytes(),
                path);
        FrameIndex frames = index.frames();
        if (frames.count() != trailer.dataFrames()
                || frames.rawLength() != trailer.rawLength()
                || frames.end() != trailer.indexOffset()) {
            throw Damage.of(path, "its index and its trailer name different frames");
        }
        if (keeper != null) {
            byte[] kept = Arrays.copyOfRange(stored, at, at + (int) indexLength + trailerLength);
            System.arraycopy(tail, trailerStart, kept, (int) indexLength, trailerLength);
            keeper.accept(kept);
        }
        return index;
    }

    private static byte[] decodeIndex(EnvelopeDecoder decoder, byte[] stored, int start, int length, Trailer trailer) {
        String path = decoder.path();
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        int at = start;
        int end = start + length;
        boolean last = false;
        for (int number = 0; !last; number++) {
            if (end - at < FrameHeader.BYTES) {
                throw Damage.of(path, "its index ends early");
            }
            FrameHeader frame = decoder.frameHeader(stored, at);
            if (frame.type() != FrameType.INDEX
                    || frame.number() != number
                    || frame.storedLength(decoder.tagBytes()) > end - at) {
                throw Damage.of(path, "its index is not where the trailer says");
            }
            if (number >= trailer.indexFrames() || frame.rawLength() > trailer.indexRawLength() - raw.size()) {
                throw Damage.of(path, "its index has more than its trailer says");
            }
            byte[] part = new byte[frame.rawLength()];
            decoder.decode(frame, stored, at, part, 0);
            raw.write(part, 0, part.length);
            at += frame.storedLength(decoder.tagBytes());
            last = frame.last();
        }
        if (at != end || raw.size() != trailer.indexRawLength()) {
            throw Damage.of(path, "its index has another length than its trailer says");
        }
        return raw.toByteArray();
    }

    /** The object's header. */
    public EnvelopeHeader header() {
        return decoder.header();
    }

    /** Where its data frames lie. */
    public FrameIndex frames() {
        return index.frames();
    }

    /** What the kind keeps in its index. */
    public BinaryReader kindIndex() {
        return new BinaryReader(index.kindIndex(), decoder.path());
    }

    /**
     * Delivers frames, ascending.
     *
     * @throws PgbkException OBJECT_DAMAGED naming object and frame, OBJECT_MISSING
     * @throws IOException from the consumer only
     */
    public void fetch(List<FrameLocation> frames, FrameConsumer consumer) throws IOException {
        fetcher.fetch(frames, consumer);
    }
}
