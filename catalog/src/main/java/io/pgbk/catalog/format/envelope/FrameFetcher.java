package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.Authentic;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * Fetches data frames of one object whose header and frame places are known: neighbours travel in one range GET, every
 * frame is checked before it is delivered. Used by one thread; uses the buffers of its codec.
 */
public final class FrameFetcher {
    /** Frames with less than this between them travel together. */
    static final int MAX_GAP_BYTES = 256 * 1024;
    /** A range grows no further than this. */
    static final int MAX_RANGE_BYTES = 16 * 1024 * 1024;

    private final ObjectStore store;
    private final EnvelopeDecoder decoder;

    FrameFetcher(ObjectStore store, EnvelopeDecoder decoder) {
        this.store = store;
        this.decoder = decoder;
    }

    /**
     * A fetcher for an object whose header is known.
     *
     * @param headerBytes the header as it is stored
     * @param codec borrowed
     */
    public FrameFetcher(
            ObjectStore store, KeyRing ring, ObjectKind kind, String path, Bytes headerBytes, FrameCodec codec) {
        this(store, new EnvelopeDecoder(ring, kind, path, headerBytes.toArray(), codec, true));
    }

    /**
     * Delivers the frames, each once.
     *
     * @param frames ascending by their place, without overlap
     * @throws PgbkException OBJECT_DAMAGED naming object and frame, OBJECT_MISSING
     * @throws IOException from the consumer only
     */
    public void fetch(List<FrameLocation> frames, FrameConsumer consumer) throws IOException {
        int first = 0;
        while (first < frames.size()) {
            int next = first + 1;
            while (next < frames.size() && belongTogether(frames.get(first), frames.get(next - 1), frames.get(next))) {
                next++;
            }
            fetchRange(frames.subList(first, next), consumer);
            first = next;
        }
    }

    private static boolean belongTogether(FrameLocation first, FrameLocation previous, FrameLocation next) {
        return next.storedOffset() - previous.storedEnd() <= MAX_GAP_BYTES
                && next.storedEnd() - first.storedOffset() <= MAX_RANGE_BYTES;
    }

    private void fetchRange(List<FrameLocation> frames, FrameConsumer consumer) throws IOException {
        int delivered = 0;
        while (delivered < frames.size()) {
            int number = store.contentNumber(decoder.path());
            Delivery delivery = new Delivery(frames.subList(delivered, frames.size()), consumer);
            try {
                delivery.run();
                return;
            } catch (PgbkException e) {
                // A failure of the consumer is none of the object's.
                if (delivery.consuming || !Authentic.isOther(e) || !store.passOver(decoder.path(), number)) {
                    throw e;
                }
                delivered += delivery.delivered;
            }
        }
    }

    /** One range GET and the frames that came by it. */
    private final class Delivery {
        private final List<FrameLocation> frames;
        private final FrameConsumer consumer;
        private int delivered;
        private boolean consuming;

        Delivery(List<FrameLocation> frames, FrameConsumer consumer) {
            this.frames = frames;
            this.consumer = consumer;
        }

        void run() throws IOException {
            long position = frames.getFirst().storedOffset();
            try (InputStream input =
                    store.read(decoder.path(), position, frames.getLast().storedEnd() - position)) {
                for (FrameLocation frame : frames) {
                    if (frame.storedOffset() < position) {
                        throw Damage.of(decoder.path(), "frame " + frame.number() + " overlaps the one before");
                    }
                    byte[] stored = readStored(input, frame, frame.storedOffset() - position);
                    position = frame.storedEnd();
                    byte[] raw = decoder.codec().rawFrame().atLeast(frame.rawLength());
                    decoder.decodeData(frame, stored, 0, raw);
                    consuming = true;
                    consumer.accept(frame, raw);
                    consuming = false;
                    delivered++;
                }
            }
        }
    }

    private byte[] readStored(InputStream input, FrameLocation frame, long gap) {
        if (frame.rawLength() > decoder.header().frameBytes()
                || frame.storedLength() > FormatLimits.MAX_FRAME_BYTES + FrameHeader.BYTES + decoder.tagBytes()) {
            throw Damage.of(decoder.path(), "frame " + frame.number() + " is named with impossible lengths");
        }
        byte[] stored = decoder.codec().storedFrame().atLeast(frame.storedLength());
        try {
            input.skipNBytes(gap);
            if (input.readNBytes(stored, 0, frame.storedLength()) != frame.storedLength()) {
                throw Damage.of(decoder.path(), "it ends inside frame " + frame.number());
            }
            return stored;
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "cannot read object " + decoder.path() + " from " + store.displayName() + ": " + e.getMessage(),
                    null,
                    e);
        }
    }
}
