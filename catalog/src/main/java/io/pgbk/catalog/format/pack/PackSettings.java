package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.FormatLimits;

/**
 * How packs are made.
 *
 * @param frameBytes raw bytes per frame, a power of two
 * @param targetBytes stored bytes after which a pack ends at the next frame border
 * @param pageBytes the cluster's page size
 */
public record PackSettings(Compression compression, int frameBytes, long targetBytes, int pageBytes) {
    /** Stored bytes at which a pack ends, unless configured otherwise. */
    public static final long DEFAULT_TARGET_BYTES = 64L * 1024 * 1024;

    public PackSettings {
        if (Integer.bitCount(frameBytes) != 1
                || frameBytes < FormatLimits.MIN_FRAME_BYTES
                || frameBytes > FormatLimits.MAX_FRAME_BYTES) {
            throw new IllegalArgumentException(
                    "frame size " + frameBytes + " is not a power of two from 4 KiB to 16" + " MiB");
        }
        if (Integer.bitCount(pageBytes) != 1 || pageBytes < 1024 || pageBytes > 32768 || pageBytes > frameBytes) {
            throw new IllegalArgumentException("page size " + pageBytes + " is not a power of two from 1 to 32 KiB");
        }
        if (targetBytes < frameBytes) {
            throw new IllegalArgumentException("a pack holds at least one frame");
        }
    }

    /** The default sizes. */
    public static PackSettings of(Compression compression, int pageBytes) {
        return new PackSettings(compression, FormatLimits.DEFAULT_FRAME_BYTES, DEFAULT_TARGET_BYTES, pageBytes);
    }
}
