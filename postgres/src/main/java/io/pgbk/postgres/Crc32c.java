package io.pgbk.postgres;

/**
 * Arithmetic on CRC-32C values, as {@link java.util.zip.CRC32C} computes them: values are polynomials over GF(2), and
 * laying pieces end to end multiplies by a power of x.
 */
public final class Crc32c {
    /** Castagnoli's polynomial, bits reflected. */
    private static final int POLYNOMIAL = 0x82F63B78;

    /** x to the power of 2^k, bits reflected. */
    private static final int[] POWERS = powers();

    private Crc32c() {}

    private static int[] powers() {
        int[] powers = new int[64];
        int power = 0x4000_0000;
        for (int i = 0; i < powers.length; i++) {
            powers[i] = power;
            power = multiply(power, power);
        }
        return powers;
    }

    /**
     * The CRC of two pieces laid end to end.
     *
     * @param first the CRC of the first piece
     * @param second the CRC of the second piece
     * @param secondBytes the length of the second piece
     */
    public static int combine(int first, int second, long secondBytes) {
        return multiply(shiftOfBytes(secondBytes), first) ^ second;
    }

    /** The CRC of so many zero bytes. */
    public static int ofZeros(long bytes) {
        return ~multiply(shiftOfBytes(bytes), -1);
    }

    private static int shiftOfBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative length: " + bytes);
        }
        int product = 0x8000_0000;
        int k = 3;
        for (long rest = bytes; rest != 0; rest >>>= 1, k++) {
            if ((rest & 1) != 0) {
                product = multiply(POWERS[k], product);
            }
        }
        return product;
    }

    private static int multiply(int a, int b) {
        int product = 0;
        int factor = b;
        for (int bit = 0x8000_0000; bit != 0; bit >>>= 1) {
            if ((a & bit) != 0) {
                product ^= factor;
            }
            factor = (factor & 1) == 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL;
        }
        return product;
    }
}
