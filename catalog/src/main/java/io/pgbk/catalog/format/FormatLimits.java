package io.pgbk.catalog.format;

/** Bounds of format version 1, checked before anything is allocated. */
public final class FormatLimits {
    /** The version that this program writes and the newest that it reads. */
    public static final int FORMAT_VERSION = 1;
    /** Smallest frame size that a header may name. */
    public static final int MIN_FRAME_BYTES = 4 * 1024;
    /** Largest frame size that a header may name. */
    public static final int MAX_FRAME_BYTES = 16 * 1024 * 1024;
    /** Raw bytes per frame of packs, manifests and WAL objects unless configured otherwise. */
    public static final int DEFAULT_FRAME_BYTES = 1024 * 1024;
    /** Largest envelope header. */
    public static final int MAX_HEADER_BYTES = 8 * 1024;
    /** Longest object path. */
    public static final int MAX_PATH_BYTES = 1024;
    /** Largest raw content of an object that is read as a whole (events, holds, summaries). */
    public static final int MAX_SMALL_OBJECT_BYTES = 16 * 1024 * 1024;
    /** Largest raw index of an envelope. */
    public static final int MAX_INDEX_BYTES = 256 * 1024 * 1024;
    /** Bytes of file content per digest window. */
    public static final int WINDOW_BYTES = 256 * 1024;

    private FormatLimits() {}
}
