package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.RepositoryId;
import java.nio.ByteBuffer;

/** The ring of a plain repository: no keys; epoch 0 everywhere. */
record PlainKeyRing(RepositoryId repositoryId) implements KeyRing {
    @Override
    public boolean encrypted() {
        return false;
    }

    @Override
    public int currentEpoch() {
        return 0;
    }

    @Override
    public Bytes compareDigest(int epoch, Bytes rawSha256) {
        return rawSha256;
    }

    @Override
    public long pageDigestSeed(int epoch) {
        return ByteBuffer.wrap(Digests.sha256(repositoryId.value().toArray())).getLong();
    }

    @Override
    public int pageDigestEpoch() {
        return 0;
    }

    @Override
    public void close() {}
}
