package io.pgbk.catalog.format.manifest;

import java.util.Arrays;

/** Computes {@link WindowDigests} while content streams by. Used by one thread; can be reset for the next file. */
@SuppressWarnings("DoNotCallSuggester")
public final class WindowDigester {
    /** Adds the next content; any lengths, windows are cut inside. */
    public void update(byte[] content, int offset, int length) {
        throw new UnsupportedOperationException("" + content.length + offset + length);
    }

    /** Adds zero bytes. */
    public void updateZeros(long length) {
        throw new UnsupportedOperationException("" + length);
    }

    /** The digests of all that was added since the start or the last call; starts over. */
    public WindowDigests finish() {
        throw new UnsupportedOperationException();
    }

    /**
     * The digests of consecutive parts of one file, each but the last a multiple of 256 KiB long: for big files that
     * several threads read.
     */
    public static WindowDigests concatenate(Iterable<WindowDigests> parts) {
        throw new UnsupportedOperationException(Arrays.toString(new Object[] {parts}));
    }
}
