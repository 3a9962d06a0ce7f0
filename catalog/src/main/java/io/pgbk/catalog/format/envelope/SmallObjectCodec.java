package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.store.ObjectBody;
import java.security.SecureRandom;

/** Small objects (summaries, intents, events, holds, leases, policies; mostly JSON) as one envelope in memory. */
@SuppressWarnings("DoNotCallSuggester")
public final class SmallObjectCodec {
    private final KeyRing ring;
    private final SecureRandom random;

    public SmallObjectCodec(KeyRing ring, SecureRandom random) {
        this.ring = ring;
        this.random = random;
    }

    /**
     * Encodes the content once; the body gives the same bytes at every reading.
     *
     * @param path the object's key below the prefix
     */
    public ObjectBody seal(ObjectKind kind, String path, byte[] content) {
        throw new UnsupportedOperationException(ring.toString() + random + Compression.NONE);
    }

    /**
     * Checks and decodes an object.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, FORMAT_TOO_NEW, ENCRYPTION_MISMATCH or KEY_WRONG
     */
    public byte[] open(ObjectKind kind, String path, byte[] object) {
        throw new UnsupportedOperationException();
    }
}
