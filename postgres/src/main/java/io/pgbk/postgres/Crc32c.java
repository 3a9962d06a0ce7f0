package io.pgbk.postgres;

/** Arithmetic on CRC-32C values, as {@link java.util.zip.CRC32C} computes them. */
@SuppressWarnings("DoNotCallSuggester")
public final class Crc32c {
    private Crc32c() {}

    /**
     * The CRC of two pieces laid end to end.
     *
     * @param first the CRC of the first piece
     * @param second the CRC of the second piece
     * @param secondBytes the length of the second piece
     */
    public static int combine(int first, int second, long secondBytes) {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** The CRC of so many zero bytes. */
    public static int ofZeros(long bytes) {
        throw new UnsupportedOperationException("not landed yet");
    }
}
