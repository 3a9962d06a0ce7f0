package io.pgbk.catalog.format.crypto;

/**
 * The cost of Argon2id, version 1.3.
 *
 * @param memoryKib memory in KiB, 8 MiB to 1 GiB
 * @param iterations passes, 1 to 16
 * @param parallelism lanes, 1 to 16
 */
public record Argon2Parameters(int memoryKib, int iterations, int parallelism) {
    /** Largest memory that a stored slot may ask for; more would let a forged slot exhaust the reader. */
    public static final int MAX_MEMORY_KIB = 1024 * 1024;
    /** Smallest memory. */
    public static final int MIN_MEMORY_KIB = 8 * 1024;
    /** Most passes and lanes that a stored slot may ask for. */
    public static final int MAX_COUNT = 16;
    /** 64 MiB, three passes, one lane: about half a second. */
    public static final Argon2Parameters DEFAULT = new Argon2Parameters(64 * 1024, 3, 1);

    public Argon2Parameters {
        if (memoryKib < MIN_MEMORY_KIB || memoryKib > MAX_MEMORY_KIB) {
            throw new IllegalArgumentException(
                    "argon2 memory " + memoryKib + " KiB is outside " + MIN_MEMORY_KIB + " to " + MAX_MEMORY_KIB);
        }
        if (iterations < 1 || iterations > MAX_COUNT) {
            throw new IllegalArgumentException("argon2 iterations " + iterations + " are outside 1 to " + MAX_COUNT);
        }
        if (parallelism < 1 || parallelism > MAX_COUNT) {
            throw new IllegalArgumentException("argon2 parallelism " + parallelism + " is outside 1 to " + MAX_COUNT);
        }
    }
}
