package io.pgbk.catalog.format;

import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Random;

/** Rings and random bytes that are the same at every run. */
public final class TestRings {
    public static final RepositoryId REPOSITORY = RepositoryId.parse("000102030405060708090a0b0c0d0e0f");

    private TestRings() {}

    /** The ring of the fixed repository. */
    public static KeyRing ring(boolean encrypted) {
        return encrypted ? KeyRing.create(REPOSITORY, new FixedRandom(1)) : KeyRing.plain(REPOSITORY);
    }

    /** The seed of randomised tests: from {@code -Dpgbk.seed}, else fixed. */
    public static long seed() {
        String given = System.getProperty("pgbk.seed", "");
        return given.isEmpty() ? 20261121L : Long.parseLong(given);
    }

    /** Content that half compresses. */
    public static byte[] content(int length, long seed) {
        byte[] content = new byte[length];
        Random random = new Random(seed);
        for (int at = 0; at < length; at += 512) {
            byte[] piece = new byte[Math.min(256, length - at)];
            random.nextBytes(piece);
            System.arraycopy(piece, 0, content, at, piece.length);
        }
        return content;
    }

    /** SHA-256 in counter mode: deterministic, for golden bytes. */
    public static final class FixedRandom extends SecureRandom {
        private static final long serialVersionUID = 1L;

        private final long seed;
        private long counter;

        public FixedRandom(long seed) {
            this.seed = seed;
        }

        @Override
        public void nextBytes(byte[] target) {
            for (int at = 0; at < target.length; at += 32) {
                byte[] block = Digests.sha256(
                        ByteBuffer.allocate(16).putLong(seed).putLong(counter++).array());
                System.arraycopy(block, 0, target, at, Math.min(32, target.length - at));
            }
        }
    }
}
