package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.store.ObjectStore;
import java.security.SecureRandom;

/**
 * Writes file content into packs: opens a new pack when one is full and reports finished ones to the table. One per
 * worker thread; needs two frame sizes of memory and what the upload keeps in flight.
 *
 * <p>Frames never hold bytes of more than one big file's piece: content of at least half a frame gets frames of its
 * own, smaller pieces share.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class PackWriter implements AutoCloseable {
    public PackWriter(ObjectStore store, KeyRing ring, PackTable table, PackSettings settings, SecureRandom random) {
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    /** Seals the frame that small pieces share. */
    public void flush() {
        throw new UnsupportedOperationException();
    }

    /** Ends the current pack, if any: when it returns, all that was appended is durable and in the table. */
    public void finish() {
        throw new UnsupportedOperationException();
    }

    /** Stored bytes of all packs so far. */
    public long storedBytes() {
        throw new UnsupportedOperationException();
    }

    /** Gives up a pack that is not finished. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
