package io.pgbk.catalog.format;

/**
 * How frames are compressed. A frame that compression does not make smaller is stored as it is.
 *
 * @param level zstd level 1 to 22, or 0 for no compression
 */
public record Compression(int level) {
    /** Frames are stored as they are. */
    public static final Compression NONE = new Compression(0);
    /** zstd level 3. */
    public static final Compression DEFAULT = new Compression(3);

    public Compression {
        if (level < 0 || level > 22) {
            throw new IllegalArgumentException("zstd levels are 1 to 22, 0 means none, not " + level);
        }
    }

    /** zstd at the level, 1 to 22. */
    public static Compression zstd(int level) {
        if (level == 0) {
            throw new IllegalArgumentException("zstd levels are 1 to 22");
        }
        return new Compression(level);
    }

    /** False when frames are stored as they are. */
    public boolean enabled() {
        return level != 0;
    }
}
