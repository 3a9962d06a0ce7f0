package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
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
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes single frames of packs into new packs of the same repository, each with the raw content and the page digests
 * that it has. Used by one thread at a time; holds three frames and what the upload keeps in flight.
 */
public final class FramePacker implements AutoCloseable {
    /** Bounds a pack's index. */
    private static final int MAX_FRAMES = 2048;

    private final ObjectStore store;
    private final KeyRing ring;
    private final PackTable table;
    private final SecureRandom random;
    private final PackReader reader;
    private final FrameCodec codec;
    private @Nullable OpenPack current;

    /** @param table gives ordinals and paths, and takes the finished packs */
    public FramePacker(ObjectStore store, KeyRing ring, PackTable table, Compression compression, SecureRandom random) {
        this.store = store;
        this.ring = ring;
        this.table = table;
        this.random = random;
        this.reader = new PackReader(store, ring);
        this.codec = new FrameCodec(compression);
    }

    private record OpenPack(
            PackTable.Reservation reservation,
            ObjectUpload upload,
            EnvelopeWriter envelope,
            PageDigests digests,
            int frameBytes) {}

    /**
     * Moves frames: each is authenticated, and each of its pages compared with its digest.
     *
     * @param moved told where each frame is now
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED naming pack and frame, OBJECT_MISSING
     * @throws IOException never but from what {@code moved} throws
     */
    public void move(PackRef pack, Collection<Extent.Frame> frames, BiConsumer<Extent.Frame, Extent.Frame> moved)
            throws IOException {
        PageDigests digests = reader.readPageDigests(pack);
        int frameBytes =
                EnvelopeHeader.parse(pack.header().toArray(), pack.path()).frameBytes();
        reader.read(pack, frames, (frame, raw) -> {
            OpenPack target = open(frameBytes, digests.pageBytes());
            digests.transferFrame(
                    frame.number(), raw, target.digests, target.envelope.index().count(), pack.path());
            FrameLocation location = target.envelope.write(raw, 0, frame.rawLength());
            moved.accept(
                    frame,
                    new Extent.Frame(
                            target.reservation.ordinal(),
                            location.number(),
                            location.storedOffset(),
                            location.storedLength(),
                            location.rawLength()));
            if (target.envelope.length() >= PackSettings.DEFAULT_TARGET_BYTES
                    || target.envelope.index().count() >= MAX_FRAMES) {
                finish();
            }
        });
    }

    private OpenPack open(int frameBytes, int pageBytes) {
        OpenPack pack = current;
        if (pack != null && pack.frameBytes == frameBytes && pack.digests.pageBytes() == pageBytes) {
            return pack;
        }
        finish();
        PackTable.Reservation reservation = table.reserve();
        ObjectUpload upload = store.upload(reservation.path());
        try {
            EnvelopeWriter envelope = new EnvelopeWriter(
                    ByteSink.of(upload),
                    ring,
                    reservation.path(),
                    new EnvelopeSettings(ObjectKind.PACK, frameBytes, EnvelopeHeader.UNKNOWN_LENGTH, Bytes.EMPTY, true),
                    codec,
                    random);
            int epoch = ring.pageDigestEpoch();
            PageDigests digests = new PageDigests(pageBytes, epoch, ring.pageDigestSeed(epoch));
            pack = new OpenPack(reservation, upload, envelope, digests, frameBytes);
        } catch (RuntimeException e) {
            upload.close();
            throw e;
        }
        current = pack;
        return pack;
    }

    /** Ends the pack that is open: when it returns, all that was moved is durable and in the table. */
    public void finish() {
        OpenPack pack = current;
        if (pack == null) {
            return;
        }
        byte[] digests = pack.digests.encode();
        EnvelopeWriter envelope = pack.envelope;
        envelope.finish(digests, 0, digests.length);
        pack.upload.complete();
        pack.upload.close();
        current = null;
        table.complete(
                pack.reservation.ordinal(),
                new PackRef(
                        pack.reservation.path(),
                        envelope.headerBytes(),
                        envelope.length(),
                        envelope.sha256(),
                        envelope.index().rawLength(),
                        envelope.index().count()));
    }

    /** Gives up a pack that is not finished. */
    @Override
    public void close() {
        reader.close();
        codec.close();
        OpenPack pack = current;
        current = null;
        if (pack != null) {
            pack.upload.close();
        }
    }
}
