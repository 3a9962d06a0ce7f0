package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.store.ObjectStore;
import java.time.Instant;
import java.util.List;

/**
 * One opened repository: its store, its keys, and the proof that both belong together. Safe for use by many threads.
 *
 * <p>Owns the store and the keys: {@link #close()} closes both.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class Repository implements AutoCloseable {
    private Repository() {}

    /**
     * Opens an existing repository.
     *
     * @throws io.pgbk.error.PgbkException REPOSITORY_NOT_INITIALISED, FORMAT_TOO_NEW, ENCRYPTION_MISMATCH, KEY_WRONG,
     *     OBJECT_DAMAGED (repository.json was altered), and what the store throws; the store stays open then
     */
    public static Repository open(ObjectStore store, EncryptionSettings encryption, RepositoryRuntime runtime) {
        throw new UnsupportedOperationException();
    }

    /**
     * Creates the repository, or opens the one that is there: repeating it is harmless, and of two at the same time one
     * creates and the other joins. The store is probed first; key slots are written first, repository.json last.
     *
     * @throws io.pgbk.error.PgbkException STORE_UNSAFE, REFUSED_BY_POLICY when the prefix holds other objects, and all
     *     that {@link #open} throws
     */
    public static InitResult initialise(
            ObjectStore store, EncryptionSettings encryption, InitOptions options, RepositoryRuntime runtime) {
        throw new UnsupportedOperationException();
    }

    public RepositoryId id() {
        throw new UnsupportedOperationException();
    }

    public ObjectStore store() {
        throw new UnsupportedOperationException();
    }

    public KeyRing keys() {
        throw new UnsupportedOperationException();
    }

    public boolean encrypted() {
        throw new UnsupportedOperationException();
    }

    public RepositoryRuntime runtime() {
        throw new UnsupportedOperationException();
    }

    /** False in a repository on a store without exclusive creation: no leases, no cleaning up after others. */
    public boolean storeIsSafe() {
        throw new UnsupportedOperationException();
    }

    /** How people name the place, without secrets. */
    public String displayName() {
        throw new UnsupportedOperationException();
    }

    /** Names of all clusters that have anything here, ascending. */
    public List<ClusterName> clusters() {
        throw new UnsupportedOperationException();
    }

    /** Adding, removing and rewrapping key slots, and new epochs. */
    public KeyManager keyManager() {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads repository.json again with the same credentials and checks it: the proof that a "no such key" just before
     * came from the right place.
     *
     * @throws io.pgbk.error.PgbkException whatever is wrong
     */
    public void proveReadable() {
        throw new UnsupportedOperationException();
    }

    /**
     * The time that clean-up may trust: the earlier of the host's clock and the store's.
     *
     * @throws io.pgbk.error.PgbkException REFUSED_BY_POLICY when they differ by more than five minutes
     */
    public Instant trustedNow() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
