package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.ObjectIdentity;
import io.pgbk.catalog.format.RepositoryId;
import java.security.SecureRandom;

/**
 * What a process needs to read and write one repository's objects: the keys of all epochs, or the knowledge that the
 * repository is plain. Safe for use by many threads; holds secrets until closed.
 */
public sealed interface KeyRing extends AutoCloseable permits EncryptedKeyRing, PlainKeyRing {
    /** The ring of a repository without encryption; digests take the place of tags and MACs. */
    static KeyRing plain(RepositoryId repositoryId) {
        return new PlainKeyRing(repositoryId);
    }

    /** A new repository's ring: one epoch, number 1, with a random repository key. */
    static EncryptedKeyRing create(RepositoryId repositoryId, SecureRandom random) {
        return EncryptedKeyRing.create(repositoryId, random);
    }

    /** The repository whose keys these are. */
    RepositoryId repositoryId();

    /** Whether objects are encrypted. */
    boolean encrypted();

    /** The epoch that new objects are written with; 0 in a plain repository. */
    int currentEpoch();

    /** The identity of an object of this repository. */
    default ObjectIdentity identity(String path) {
        return new ObjectIdentity(repositoryId(), path);
    }

    /**
     * The digest by which two objects are compared without reading them: HMAC-SHA-256 of the raw content's SHA-256
     * under the epoch's compare key; in a plain repository (epoch 0) the SHA-256 itself.
     *
     * @param epoch the key id in the header of the object to compare with
     * @param rawSha256 SHA-256 of the raw content
     * @throws io.pgbk.error.PgbkException KEY_WRONG when the ring lacks the epoch
     */
    Bytes compareDigest(int epoch, Bytes rawSha256);

    /**
     * The secret seed of the page digests (XXH3-64) of packs whose index names the epoch.
     *
     * @throws io.pgbk.error.PgbkException KEY_WRONG when the ring lacks the epoch
     */
    long pageDigestSeed(int epoch);

    /** The epoch whose seed new packs use: the oldest, so that digests stay comparable when keys are rotated. */
    int pageDigestEpoch();

    /** Wipes the keys. */
    @Override
    void close();
}
