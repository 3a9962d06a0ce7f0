package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.manifest.Extent;
import org.jspecify.annotations.Nullable;

/**
 * Where bytes that were appended to a pack will be found. Bytes that share a frame with later ones know their place
 * only when that frame is sealed.
 */
public final class Placement {
    private final int offsetInFrame;
    private final int length;
    private volatile Extent.@Nullable Frame frame;

    Placement(int offsetInFrame, int length) {
        this.offsetInFrame = offsetInFrame;
        this.length = length;
    }

    int length() {
        return length;
    }

    void seal(Extent.Frame sealed) {
        frame = sealed;
    }

    /** Whether the frame is written and {@link #extent()} may be asked. */
    public boolean isSealed() {
        return frame != null;
    }

    /**
     * The extent for the manifest.
     *
     * @throws IllegalStateException when the frame is not sealed yet
     */
    public Extent.Stored extent() {
        Extent.Frame sealed = frame;
        if (sealed == null) {
            throw new IllegalStateException("the frame is not sealed yet");
        }
        return new Extent.Stored(sealed, offsetInFrame, length);
    }
}
