package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.store.ObjectStore;
import java.io.IOException;
import java.util.Collection;

/**
 * Reads frames of packs: neighbours travel in one range of several MiB, every frame is checked before it is delivered.
 * Used by one thread at a time; holds one stored and one raw frame in memory.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class PackReader implements AutoCloseable {
    public PackReader(ObjectStore store, KeyRing ring) {
        throw new UnsupportedOperationException();
    }

    /**
     * Delivers the frames, ordered by their place in the pack, each once.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED naming pack and frame, OBJECT_MISSING
     * @throws IOException from the consumer only
     */
    public void read(PackRef pack, Collection<Extent.Frame> frames, FrameConsumer consumer) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads a pack from its first to its last byte and checks everything: length, SHA-256, every frame, index and
     * trailer.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED naming pack and frame, OBJECT_MISSING
     */
    public void verify(PackRef pack) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}

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
