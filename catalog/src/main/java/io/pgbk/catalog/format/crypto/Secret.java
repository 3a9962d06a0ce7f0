package io.pgbk.catalog.format.crypto;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;

/** Secret bytes: never printed, wiped on request. */
public final class Secret implements AutoCloseable {
    private final byte[] value;
    private boolean wiped;

    private Secret(byte[] value) {
        this.value = value;
    }

    /** Takes a copy; the caller wipes its own array. */
    public static Secret copyOf(byte[] value) {
        return new Secret(value.clone());
    }

    /** New random bytes. */
    public static Secret random(SecureRandom random, int length) {
        byte[] value = new byte[length];
        random.nextBytes(value);
        return new Secret(value);
    }

    /** Takes the array over without a copy. */
    static Secret adopt(byte[] value) {
        return new Secret(value);
    }

    /** Number of bytes. */
    public int length() {
        return value.length;
    }

    /**
     * A copy of the bytes, which the caller wipes.
     *
     * @throws IllegalStateException when the secret was wiped
     */
    public byte[] copy() {
        return expose().clone();
    }

    byte[] expose() {
        if (wiped) {
            throw new IllegalStateException("the secret was wiped");
        }
        return value;
    }

    /** Overwrites the bytes. */
    @Override
    public void close() {
        Arrays.fill(value, (byte) 0);
        wiped = true;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret && MessageDigest.isEqual(value, secret.value);
    }

    @Override
    public int hashCode() {
        return Secret.class.hashCode();
    }

    @Override
    public String toString() {
        return "***";
    }
}
