package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.repository.document.Documents;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * One opened repository: its store, its keys, and the proof that both belong together. Safe for use by many threads.
 *
 * <p>Owns the store and the keys: {@link #close()} closes both.
 */
public final class Repository implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final Duration MAX_CLOCK_SKEW = Duration.ofMinutes(5);

    private final ObjectStore store;
    private final RepositoryFile file;
    private final KeyRing keys;
    private final RepositoryRuntime runtime;
    private final Documents documents;

    private Repository(ObjectStore store, RepositoryFile file, KeyRing keys, RepositoryRuntime runtime) {
        this.store = store;
        this.file = file;
        this.keys = keys;
        this.runtime = runtime;
        this.documents = new Documents(store, keys, runtime.random());
    }

    /**
     * Opens an existing repository.
     *
     * @throws PgbkException REPOSITORY_NOT_INITIALISED, FORMAT_TOO_NEW, ENCRYPTION_MISMATCH, KEY_WRONG, OBJECT_DAMAGED
     *     (repository.json was altered), and what the store throws; the store stays open then
     */
    public static Repository open(ObjectStore store, EncryptionSettings encryption, RepositoryRuntime runtime) {
        // Which slots are this repository's is known only from repository.json; which there are is asked meanwhile.
        Background<List<String>> slots = encryption instanceof EncryptionSettings.Encrypted
                ? Background.start(() -> KeySlotFiles.list(store))
                : Background.start(List::of);
        RepositoryFile.Unchecked found = RepositoryFile.find(store).orElseThrow(() -> notInitialised(store));
        KeyRing keys = openKeys(store, found.claims(), encryption, runtime, slots);
        try {
            RepositoryFile file = found.check(keys);
            return new Repository(ConfirmingObjectStore.wrapIf(file.confirmByReading(), store), file, keys, runtime);
        } catch (PgbkException e) {
            keys.close();
            throw e;
        }
    }

    private static KeyRing openKeys(
            ObjectStore store,
            RepositoryFile claims,
            EncryptionSettings encryption,
            RepositoryRuntime runtime,
            Background<List<String>> slots) {
        return switch (encryption) {
            case EncryptionSettings.Plain ignored -> {
                if (claims.encrypted()) {
                    throw new PgbkException(
                            ErrorCode.ENCRYPTION_MISMATCH,
                            "the repository in " + store.displayName()
                                    + " is encrypted and the configuration says that it is not",
                            "Configure encryption with the repository's key file or passphrase file.");
                }
                yield KeyRing.plain(claims.id());
            }
            case EncryptionSettings.Encrypted encrypted -> {
                if (!claims.encrypted()) {
                    throw new PgbkException(
                            ErrorCode.ENCRYPTION_MISMATCH,
                            "the repository in " + store.displayName()
                                    + " is not encrypted and the configuration says that it is",
                            "Create an encrypted repository under another prefix; this one cannot be encrypted later.");
                }
                yield new KeySlotFiles(store, claims.id(), runtime).open(encrypted.secrets(), slots.get());
            }
        };
    }

    private static PgbkException notInitialised(ObjectStore store) {
        return new PgbkException(
                ErrorCode.REPOSITORY_NOT_INITIALISED,
                "there is no repository in " + store.displayName(),
                "Run `pgbk init`, or correct the repository's url in the configuration.");
    }

    /**
     * Creates the repository, or opens the one that is there: repeating it is harmless, and of two at the same time one
     * creates and the other joins. The store is probed first; key slots are written first, repository.json last.
     *
     * @throws PgbkException STORE_UNSAFE (no exclusive creation, or configured locks do not hold),
     *     PERMISSION_DENIED (a missing key does not answer "not found"),
     *     REFUSED_BY_POLICY when the prefix holds other objects, and all that {@link #open} throws
     */
    public static InitResult initialise(
            ObjectStore store, EncryptionSettings encryption, InitOptions options, RepositoryRuntime runtime) {
        return new RepositoryInitialiser(store, encryption, options, runtime).run();
    }

    public RepositoryId id() {
        return file.id();
    }

    public ObjectStore store() {
        return store;
    }

    public KeyRing keys() {
        return keys;
    }

    /** Reads and writes the small documents. */
    public Documents documents() {
        return documents;
    }

    public boolean encrypted() {
        return file.encrypted();
    }

    public RepositoryRuntime runtime() {
        return runtime;
    }

    /** When the repository was created, by the clock of the host that did. */
    public Instant created() {
        return file.created();
    }

    /** False in a repository on a store without exclusive creation: no leases, no cleaning up after others. */
    public boolean storeIsSafe() {
        return file.storeIsSafe();
    }

    /** How people name the place, without secrets. */
    public String displayName() {
        return store.displayName();
    }

    /** Names of all clusters that have anything here, ascending. */
    public List<ClusterName> clusters() {
        List<ClusterName> clusters = new ArrayList<>();
        for (String child : store.listChildren(RepositoryLayout.CLUSTERS)) {
            String name = child.endsWith("/") ? child.substring(0, child.length() - 1) : "";
            if (ClusterName.isValid(name)) {
                clusters.add(new ClusterName(name));
            }
        }
        return clusters;
    }

    /** Whether a key slot's name says that it belongs to this repository. */
    public boolean ownsSlot(String slotId) {
        return slotFiles().owns(slotId);
    }

    /** Whether no key slot has keys of a newer epoch than those that this repository was opened with. */
    public boolean hasNewestKeys() {
        return slotFiles().newestEpoch() <= keys.currentEpoch();
    }

    private KeySlotFiles slotFiles() {
        return new KeySlotFiles(store, file.id(), runtime);
    }

    /**
     * SHA-256 of the first bytes of an object, in hexadecimal.
     *
     * @throws PgbkException what the store throws
     */
    public String sha256(String key, long length) {
        MessageDigest digest = Digests.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream content = store.read(key, 0, length)) {
            for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "object " + key + " could not be read from " + displayName() + ": " + e.getMessage(),
                    null,
                    e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Adding, removing and rewrapping key slots, and new epochs. */
    public KeyManager keyManager() {
        return new StoredKeyManager(slotFiles(), keys, runtime);
    }

    /**
     * Reads repository.json again with the same credentials and checks it: the proof that a "no such key" just before
     * came from the right place.
     *
     * @throws PgbkException whatever is wrong
     */
    public void proveReadable() {
        RepositoryFile again = RepositoryFile.find(store)
                .orElseThrow(() -> notInitialised(store))
                .check(keys);
        if (!again.id().equals(file.id())) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_NOT_INITIALISED,
                    store.displayName() + " holds repository " + again.id() + " now, not " + file.id(),
                    "Another repository was put in the place of the one that was opened.");
        }
    }

    /**
     * The time that clean-up may trust: the earlier of the host's clock and the store's.
     *
     * @throws PgbkException REFUSED_BY_POLICY when they differ by more than five minutes
     */
    public Instant trustedNow() {
        Instant host = runtime.clock().instant();
        Instant remote = store.currentTime();
        Duration skew = Duration.between(host, remote);
        if (skew.abs().compareTo(MAX_CLOCK_SKEW) > 0) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    String.format(
                            Locale.ROOT,
                            "this host's clock says %s and the clock of %s says %s",
                            host,
                            store.displayName(),
                            remote),
                    "Correct the clocks: nothing is removed while they differ by more than five minutes.");
        }
        return host.isBefore(remote) ? host : remote;
    }

    @Override
    public void close() {
        keys.close();
        store.close();
    }
}
