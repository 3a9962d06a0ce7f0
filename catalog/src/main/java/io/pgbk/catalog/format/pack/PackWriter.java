package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeSettings;
import io.pgbk.catalog.format.envelope.EnvelopeWriter;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.envelope.FrameLocation;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import java.io.ByteArrayOutputStream;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes file content into packs: opens a new pack when one is full and reports finished ones to the table. One per
 * worker thread; needs four frame sizes of memory and what the upload keeps in flight.
 *
 * <p>Content of at least half a frame gets a frame of its own, smaller pieces share one.
 */
public final class PackWriter implements AutoCloseable {
    /** Bounds a pack's index, 16 MiB at most, when content compresses to almost nothing. */
    private static final int MAX_FRAMES = 2048;

    private final ObjectStore store;
    private final KeyRing ring;
    private final PackTable table;
    private final PackSettings settings;
    private final SecureRandom random;
    private final Buffers buffers;
    private final PackTails tails;
    private final FrameCodec codec;
    private final byte[] shared;
    private final List<Placement> sharing = new ArrayList<>();
    private final List<Integer> sharedPages = new ArrayList<>();
    private int sharedLength;
    private long finishedBytes;
    private @Nullable OpenPack current;
    private boolean closed;

    /**
     * A writer with buffers of the heap.
     *
     * @param table gives ordinals and paths, and takes the finished packs
     */
    public PackWriter(ObjectStore store, KeyRing ring, PackTable table, PackSettings settings, SecureRandom random) {
        this(store, ring, table, settings, random, Buffers.HEAP);
    }

    /**
     * A writer for one thread.
     *
     * @param table gives ordinals and paths, and takes the finished packs
     * @param buffers with room for {@link #bufferBytes}; none of it is in use when the writer is closed
     */
    public PackWriter(
            ObjectStore store,
            KeyRing ring,
            PackTable table,
            PackSettings settings,
            SecureRandom random,
            Buffers buffers) {
        this(store, ring, table, settings, random, buffers, PackTails.NONE);
    }

    /** @param tails keeps index and trailer of each pack that is complete, beside what the writer needs otherwise */
    public PackWriter(
            ObjectStore store,
            KeyRing ring,
            PackTable table,
            PackSettings settings,
            SecureRandom random,
            Buffers buffers,
            PackTails tails) {
        this.store = store;
        this.ring = ring;
        this.table = table;
        this.settings = settings;
        this.random = random;
        this.buffers = buffers;
        this.tails = tails;
        this.codec = new FrameCodec(settings.compression(), buffers);
        this.shared = buffers.take(settings.frameBytes());
    }

    /** What a writer takes of a share, its upload to this store included. */
    public static long bufferBytes(ObjectStore store, PackSettings settings) {
        return BufferPool.sizeOf(settings.frameBytes())
                + FrameCodec.writingBytes(settings.frameBytes())
                + store.uploadBufferBytes();
    }

    /** One pack on its way. */
    private static final class OpenPack {
        private final PackTable.Reservation reservation;
        private final ObjectUpload upload;
        private final EnvelopeWriter envelope;
        private final PageDigests digests;

        OpenPack(PackTable.Reservation reservation, ObjectUpload upload, EnvelopeWriter envelope, PageDigests digests) {
            this.reservation = reservation;
            this.upload = upload;
            this.envelope = envelope;
            this.digests = digests;
        }
    }

    /**
     * Appends bytes that will be read back as one extent.
     *
     * @param length 1 to the frame size
     * @param pages whether the bytes are relation pages (a multiple of the page size long); their digests are kept in
     *     the pack's index
     * @return the place, known when it is sealed: at once for pieces of at least half a frame, else at the latest after
     *     {@link #flush()}
     */
    public Placement append(byte[] content, int offset, int length, boolean pages) {
        if (length < 1 || length > settings.frameBytes()) {
            throw new IllegalArgumentException("a piece has 1 to " + settings.frameBytes() + " bytes, not " + length);
        }
        if (pages && length % settings.pageBytes() != 0) {
            throw new IllegalArgumentException(length + " bytes are not whole pages of " + settings.pageBytes());
        }
        if (length >= settings.frameBytes() / 2) {
            Placement placement = new Placement(0, length);
            OpenPack pack = openPack();
            if (pages) {
                pack.digests.add(pack.envelope.index().count(), 0, content, offset, length);
            }
            placement.seal(writeFrame(pack, content, offset, length));
            endIfFull(pack);
            return placement;
        }
        if (length > settings.frameBytes() - sharedLength) {
            flush();
        }
        Placement placement = new Placement(sharedLength, length);
        System.arraycopy(content, offset, shared, sharedLength, length);
        sharing.add(placement);
        sharedPages.add(pages ? sharedLength : -1);
        sharedLength += length;
        return placement;
    }

    /** Seals the frame that small pieces share. */
    public void flush() {
        if (sharing.isEmpty()) {
            return;
        }
        OpenPack pack = openPack();
        int frame = pack.envelope.index().count();
        for (int i = 0; i < sharing.size(); i++) {
            int at = sharedPages.get(i);
            if (at >= 0) {
                pack.digests.add(frame, at, shared, at, sharing.get(i).length());
            }
        }
        Extent.Frame written = writeFrame(pack, shared, 0, sharedLength);
        for (Placement placement : sharing) {
            placement.seal(written);
        }
        sharing.clear();
        sharedPages.clear();
        sharedLength = 0;
        endIfFull(pack);
    }

    private static Extent.Frame writeFrame(OpenPack pack, byte[] content, int offset, int length) {
        FrameLocation location = pack.envelope.write(content, offset, length);
        return new Extent.Frame(
                pack.reservation.ordinal(),
                location.number(),
                location.storedOffset(),
                location.storedLength(),
                location.rawLength());
    }

    private OpenPack openPack() {
        OpenPack pack = current;
        if (pack == null) {
            PackTable.Reservation reservation = table.reserve();
            ObjectUpload upload = store.upload(reservation.path(), buffers);
            try {
                EnvelopeSettings header = new EnvelopeSettings(
                        ObjectKind.PACK, settings.frameBytes(), EnvelopeHeader.UNKNOWN_LENGTH, Bytes.EMPTY, true);
                EnvelopeWriter envelope =
                        new EnvelopeWriter(ByteSink.of(upload), ring, reservation.path(), header, codec, random);
                int epoch = ring.pageDigestEpoch();
                PageDigests digests = new PageDigests(settings.pageBytes(), epoch, ring.pageDigestSeed(epoch));
                pack = new OpenPack(reservation, upload, envelope, digests);
            } catch (RuntimeException e) {
                upload.close();
                throw e;
            }
            current = pack;
        }
        return pack;
    }

    private void endIfFull(OpenPack pack) {
        if (pack.envelope.length() >= settings.targetBytes()
                || pack.envelope.index().count() >= MAX_FRAMES) {
            end(pack);
        }
    }

    private void end(OpenPack pack) {
        byte[] digests = pack.digests.encode();
        EnvelopeWriter envelope = pack.envelope;
        ByteArrayOutputStream tail = new ByteArrayOutputStream();
        envelope.finish(digests, 0, digests.length, tails.isOn() ? ByteSink.of(tail) : _ -> {});
        pack.upload.complete();
        pack.upload.close();
        current = null;
        finishedBytes += envelope.length();
        PackRef written = new PackRef(
                pack.reservation.path(),
                envelope.headerBytes(),
                envelope.length(),
                envelope.sha256(),
                envelope.index().rawLength(),
                envelope.index().count());
        table.complete(pack.reservation.ordinal(), written);
        if (tails.isOn()) {
            tails.keep(written, tail.toByteArray());
        }
    }

    /** Ends the current pack, if any: when it returns, all that was appended is durable and in the table. */
    public void finish() {
        flush();
        OpenPack pack = current;
        if (pack != null) {
            end(pack);
        }
    }

    /** Stored bytes of all packs so far. */
    public long storedBytes() {
        OpenPack pack = current;
        return finishedBytes + (pack == null ? 0 : pack.envelope.length());
    }

    /** Gives up a pack that is not finished. */
    @Override
    public void close() {
        codec.close();
        OpenPack pack = current;
        current = null;
        if (pack != null) {
            pack.upload.close();
        }
        if (!closed) {
            closed = true;
            buffers.give(shared);
        }
    }
}
