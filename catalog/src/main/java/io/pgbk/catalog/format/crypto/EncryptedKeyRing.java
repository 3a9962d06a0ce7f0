package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The ring of an encrypted repository: every epoch's keys. Immutable. */
public final class EncryptedKeyRing implements KeyRing {
    private final RepositoryId repositoryId;
    private final SortedMap<Integer, KeyEpoch> epochs = new TreeMap<>();

    EncryptedKeyRing(RepositoryId repositoryId, List<KeyEpoch> epochs) {
        if (epochs.isEmpty()) {
            throw new IllegalArgumentException("a key ring has at least one epoch");
        }
        this.repositoryId = repositoryId;
        for (KeyEpoch epoch : epochs) {
            if (this.epochs.put(epoch.number(), epoch) != null) {
                throw new IllegalArgumentException("epoch " + epoch.number() + " occurs twice");
            }
        }
    }

    static EncryptedKeyRing create(RepositoryId repositoryId, SecureRandom random) {
        return new EncryptedKeyRing(repositoryId, List.of(new KeyEpoch(1, Secret.random(random, 32), repositoryId)));
    }

    /** The same keys and a new epoch, which new objects are written with. */
    public EncryptedKeyRing withNewEpoch(SecureRandom random) {
        List<KeyEpoch> next = new ArrayList<>();
        for (KeyEpoch epoch : epochs.values()) {
            next.add(new KeyEpoch(
                    epoch.number(), Secret.adopt(epoch.repositoryKey().copy()), repositoryId));
        }
        next.add(new KeyEpoch(currentEpoch() + 1, Secret.random(random, 32), repositoryId));
        return new EncryptedKeyRing(repositoryId, next);
    }

    /** All epochs, oldest first. */
    Collection<KeyEpoch> epochs() {
        return epochs.values();
    }

    /**
     * The key of a class and an epoch.
     *
     * @throws PgbkException KEY_WRONG when the ring lacks the epoch
     */
    Secret key(int epoch, KeyClass keyClass) {
        KeyEpoch found = epochs.get(epoch);
        if (found == null) {
            throw new PgbkException(
                    ErrorCode.KEY_WRONG,
                    "the key set has no epoch " + epoch + ", only " + epochs.keySet(),
                    "The key slot in use is older than the last key rotation; run pgbk key rewrap for it.");
        }
        return found.key(keyClass);
    }

    @Override
    public RepositoryId repositoryId() {
        return repositoryId;
    }

    @Override
    public boolean encrypted() {
        return true;
    }

    @Override
    public int currentEpoch() {
        return epochs.lastKey();
    }

    @Override
    public Bytes compareDigest(int epoch, Bytes rawSha256) {
        return Bytes.of(Digests.hmac(key(epoch, KeyClass.COMPARE).expose(), rawSha256.toArray()));
    }

    @Override
    public long pageDigestSeed(int epoch) {
        byte[] seed = Hkdf.derive(
                key(epoch, KeyClass.COMPARE).expose(), repositoryId.value().toArray(), "page digest");
        return ByteBuffer.wrap(seed).getLong();
    }

    @Override
    public int pageDigestEpoch() {
        return epochs.firstKey();
    }

    @Override
    public void close() {
        epochs.values().forEach(KeyEpoch::close);
    }

    @Override
    public String toString() {
        return "key ring of repository " + repositoryId + ", epochs " + epochs.keySet();
    }
}
