package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.Authentic;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeReader;
import io.pgbk.catalog.format.envelope.EnvelopeStream;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.envelope.FrameFetcher;
import io.pgbk.catalog.format.envelope.FrameLocation;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import java.io.IOException;
import java.io.InputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Reads frames of packs: neighbours travel in one range of several MiB, every frame is checked before it is delivered.
 * Used by one thread at a time; holds one stored and one raw frame in memory.
 */
public final class PackReader implements AutoCloseable {
    /** The usual page size: there is a digest for each page. */
    private static final int DIGESTED_BYTES = 8192;
    /** A frame's place and a few runs of pages. */
    private static final long INDEX_BYTES_PER_FRAME = 64;

    private static final long SPARE_BYTES = 8192;

    private final ObjectStore store;
    private final KeyRing ring;
    private final FrameCodec codec;

    /** A reader with buffers of the heap. */
    public PackReader(ObjectStore store, KeyRing ring) {
        this(store, ring, Buffers.HEAP);
    }

    /** @param buffers with room for {@link #bufferBytes}; none of it is in use when the reader is closed */
    public PackReader(ObjectStore store, KeyRing ring, Buffers buffers) {
        this.store = store;
        this.ring = ring;
        this.codec = FrameCodec.forReading(buffers);
    }

    /** What a reader takes of a share for packs with frames of so many bytes. */
    public static long bufferBytes(int frameBytes) {
        return FrameCodec.readingBytes(frameBytes);
    }

    /** The size of the largest frame that any of these packs may have. */
    public static int largestFrame(Collection<PackRef> packs) {
        int largest = FormatLimits.MIN_FRAME_BYTES;
        for (PackRef pack : packs) {
            largest = Math.max(
                    largest,
                    EnvelopeHeader.parse(pack.header().toArray(), pack.path()).frameBytes());
        }
        return largest;
    }

    /**
     * Delivers the frames, ordered by their place in the pack, each once.
     *
     * @throws PgbkException OBJECT_DAMAGED naming pack and frame, OBJECT_MISSING
     * @throws IOException from the consumer only
     */
    public void read(PackRef pack, Collection<Extent.Frame> frames, FrameConsumer consumer) throws IOException {
        SortedMap<Long, Extent.Frame> ordered = new TreeMap<>();
        for (Extent.Frame frame : frames) {
            Extent.Frame other = ordered.putIfAbsent(frame.storedOffset(), frame);
            if (other != null && !other.equals(frame)) {
                throw Damage.of(pack.path(), "two frames are named at byte " + frame.storedOffset());
            }
            if (frame.storedLength() > pack.length() - frame.storedOffset()) {
                throw Damage.of(pack.path(), "frame " + frame.number() + " is named outside the pack");
            }
        }
        List<FrameLocation> locations = new ArrayList<>(ordered.size());
        for (Extent.Frame frame : ordered.values()) {
            locations.add(
                    new FrameLocation(frame.number(), frame.storedOffset(), frame.storedLength(), frame.rawLength()));
        }
        FrameFetcher fetcher = new FrameFetcher(store, ring, ObjectKind.PACK, pack.path(), pack.header(), codec);
        fetcher.fetch(locations, (location, raw) -> {
            Extent.Frame frame = ordered.get(location.storedOffset());
            if (frame == null) {
                throw new IllegalStateException("frame " + location + " was not asked for");
            }
            consumer.accept(frame, raw);
        });
    }

    /**
     * Reads a pack from its first to its last byte and checks everything: length, SHA-256, every frame, index and
     * trailer.
     *
     * @throws PgbkException OBJECT_DAMAGED naming pack and frame, OBJECT_MISSING
     */
    public void verify(PackRef pack) {
        Authentic.read(store, pack.path(), () -> {
            verifyOnce(pack);
            return pack;
        });
    }

    private void verifyOnce(PackRef pack) {
        MessageDigest sha256 = Digests.sha256();
        try (InputStream input = new DigestInputStream(store.read(pack.path(), 0, pack.length()), sha256)) {
            EnvelopeStream stream =
                    new EnvelopeStream(input, pack.length(), ring, ObjectKind.PACK, pack.path(), codec, true);
            requireHeader(stream, pack);
            while (stream.next() >= 0) {
                // Every frame is checked by reading it.
            }
            if (stream.frames().count() != pack.frames() || stream.frames().rawLength() != pack.rawLength()) {
                throw Damage.of(pack.path(), "it is sound, but not the pack that the manifest names");
            }
            PageDigests.parse(stream.kindIndex(), ring, stream.frames(), pack.path());
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "cannot read object " + pack.path() + " from " + store.displayName() + ": " + e.getMessage(),
                    null,
                    e);
        }
        if (!Bytes.of(sha256.digest()).equals(pack.sha256())) {
            throw Damage.of(pack.path(), "its SHA-256 is not the one in the manifest");
        }
    }

    /** Before anything is allocated by it: nothing of a header is authentic until a frame has been read. */
    static void requireHeader(EnvelopeStream stream, PackRef pack) {
        if (!stream.header().encode().equals(pack.header())) {
            throw Damage.of(pack.path(), "its header is not the one in the manifest");
        }
    }

    /**
     * Reads the page digests of a pack from its index; one request but for unusual packs.
     *
     * @throws PgbkException OBJECT_DAMAGED, OBJECT_MISSING
     */
    public PageDigests readPageDigests(PackRef pack) {
        return digestsOf(pack, openIndex(store, ring, pack, codec));
    }

    /**
     * As the other, and what was read and is sound is kept.
     *
     * @throws PgbkException OBJECT_DAMAGED, OBJECT_MISSING
     */
    public PageDigests readPageDigests(PackRef pack, PackTails tails) {
        if (!tails.isOn()) {
            return readPageDigests(pack);
        }
        List<byte[]> read = new ArrayList<>();
        PageDigests digests = digestsOf(
                pack,
                EnvelopeReader.open(
                        store,
                        ring,
                        ObjectKind.PACK,
                        pack.path(),
                        pack.length(),
                        pack.header(),
                        expectedIndexBytes(pack),
                        codec,
                        read::add));
        tails.keep(pack, read.getLast());
        return digests;
    }

    /**
     * The page digests of a pack from what was kept of it; the store is not asked. What was kept and is not the pack's is
     * dropped: that says nothing about the pack.
     */
    public Optional<PageDigests> keptPageDigests(PackRef pack, PackTails tails) {
        Optional<byte[]> tail = tails.find(pack);
        if (tail.isEmpty()) {
            return Optional.empty();
        }
        try {
            EnvelopeReader reader = EnvelopeReader.openTail(
                    store, ring, ObjectKind.PACK, pack.path(), pack.length(), pack.header(), tail.get(), codec);
            return Optional.of(digestsOf(pack, reader));
        } catch (PgbkException e) {
            if (!Authentic.isOther(e)) {
                throw e;
            }
            tails.drop(pack);
            return Optional.empty();
        }
    }

    private PageDigests digestsOf(PackRef pack, EnvelopeReader reader) {
        return PageDigests.parse(reader.kindIndex(), ring, reader.frames(), pack.path());
    }

    /** The index of a pack, read by the length that it probably has. */
    static EnvelopeReader openIndex(ObjectStore store, KeyRing ring, PackRef pack, FrameCodec codec) {
        return EnvelopeReader.open(
                store,
                ring,
                ObjectKind.PACK,
                pack.path(),
                pack.length(),
                pack.header(),
                expectedIndexBytes(pack),
                codec);
    }

    private static long expectedIndexBytes(PackRef pack) {
        return pack.rawLength() / DIGESTED_BYTES * Long.BYTES + INDEX_BYTES_PER_FRAME * pack.frames() + SPARE_BYTES;
    }

    @Override
    public void close() {
        codec.close();
    }

    /** Takes frames as they are read. */
    @FunctionalInterface
    public interface FrameConsumer {
        /**
         * Takes one frame.
         *
         * @param raw the frame's content from index 0 to {@code frame.rawLength()}; valid only during the call
         */
        void accept(Extent.Frame frame, byte[] raw) throws IOException;
    }
}
