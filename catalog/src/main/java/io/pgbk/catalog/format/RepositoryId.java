package io.pgbk.catalog.format;

import java.security.SecureRandom;

/** The random name of one repository, 16 bytes, written as 32 hexadecimal digits; part of every object's identity. */
public record RepositoryId(Bytes value) {
    /** Bytes of an id. */
    public static final int LENGTH = 16;

    public RepositoryId {
        if (value.length() != LENGTH) {
            throw new IllegalArgumentException("a repository id has " + LENGTH + " bytes, not " + value.length());
        }
    }

    /** A new id. */
    public static RepositoryId random(SecureRandom random) {
        byte[] id = new byte[LENGTH];
        random.nextBytes(id);
        return new RepositoryId(Bytes.of(id));
    }

    /**
     * Reads 32 hexadecimal digits.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static RepositoryId parse(String hex) {
        return new RepositoryId(Bytes.fromHex(hex));
    }

    @Override
    public String toString() {
        return value.hex();
    }
}
