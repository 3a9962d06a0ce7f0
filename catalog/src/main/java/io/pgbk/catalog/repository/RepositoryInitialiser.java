package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.EncryptedKeyRing;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.LockProbe;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.StoreProbe;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Creates a repository: probe, key slots, repository.json last. An init that dies in between leaves key slots that name
 * a repository which never came to be; they are harmless and the next init starts anew.
 */
final class RepositoryInitialiser {
    private final ObjectStore store;
    private final EncryptionSettings encryption;
    private final InitOptions options;
    private final RepositoryRuntime runtime;

    RepositoryInitialiser(
            ObjectStore store, EncryptionSettings encryption, InitOptions options, RepositoryRuntime runtime) {
        this.store = store;
        this.encryption = encryption;
        this.options = options;
        this.runtime = runtime;
    }

    InitResult run() {
        if (RepositoryFile.find(store).isPresent()) {
            return new InitResult(Repository.open(store, encryption, runtime), false);
        }
        requireEmptyPrefix();
        StoreProbe probe = store.probe(RepositoryLayout.PROBES);
        requireUsable(probe);
        requireLocks();
        RepositoryId id = RepositoryId.random(runtime.random());
        return switch (encryption) {
            case EncryptionSettings.Plain ignored -> createPlain(id, probe);
            case EncryptionSettings.Encrypted encrypted -> createEncrypted(id, encrypted.secrets(), probe);
        };
    }

    private InitResult createPlain(RepositoryId id, StoreProbe probe) {
        boolean created = writeRepositoryFile(id, KeyRing.plain(id), probe);
        return new InitResult(Repository.open(store, encryption, runtime), created);
    }

    private InitResult createEncrypted(RepositoryId id, List<UnlockSecret> secrets, StoreProbe probe) {
        KeySlotFiles slots = new KeySlotFiles(store, id, runtime);
        List<String> written = new ArrayList<>();
        boolean created;
        try (EncryptedKeyRing keys = KeyRing.create(id, runtime.random())) {
            for (UnlockSecret secret : secrets) {
                written.add(slots.write(keys, secret));
            }
            created = writeRepositoryFile(id, keys, probe);
        }
        if (!created) {
            // Another init was faster: these slots belong to a repository that does not exist.
            written.forEach(slots::delete);
        }
        return new InitResult(Repository.open(store, encryption, runtime), created);
    }

    private boolean writeRepositoryFile(RepositoryId id, KeyRing keys, StoreProbe probe) {
        RepositoryFile file = new RepositoryFile(
                id,
                keys.encrypted(),
                probe.exclusiveCreate(),
                !probe.refusesWrongDigest(),
                runtime.clock().instant());
        ObjectStore target = ConfirmingObjectStore.wrapIf(file.confirmByReading(), store);
        return target.create(RepositoryLayout.REPOSITORY_FILE, new BytesBody(file.seal(keys))) == CreateOutcome.CREATED;
    }

    private void requireEmptyPrefix() {
        Iterator<ObjectInfo> objects = store.list("", "");
        while (objects.hasNext()) {
            String key = objects.next().key();
            boolean leftover = key.startsWith(RepositoryLayout.KEYS) || key.startsWith(RepositoryLayout.PROBES);
            if (leftover) {
                continue;
            }
            if (RepositoryFile.find(store).isPresent()) {
                // Another init finished meanwhile.
                return;
            }
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    store.displayName() + " holds other objects, for example " + key + ", and no repository",
                    "Choose an empty prefix or directory for the repository, or remove what is there.");
        }
    }

    /** With object lock configured: the bucket must have it, and it must hold. */
    private void requireLocks() {
        store.objectLocking().ifPresent(locking -> {
            LockProbe probe = locking.probe(RepositoryLayout.PROBES);
            if (!probe.accepted()) {
                throw new PgbkException(
                        ErrorCode.STORE_UNSAFE,
                        store.displayName() + " does not lock objects: " + probe.problem(),
                        "Object lock must be turned on when a bucket is made; make another one, or take object-lock out"
                                + " of the configuration.");
            }
            if (!probe.refusesRemoval()) {
                throw new PgbkException(
                        ErrorCode.STORE_UNSAFE,
                        store.displayName() + " takes objects with a lock and removes them all the same",
                        "The store does not keep its promise; do not rely on object-lock there.");
            }
        });
    }

    private void requireUsable(StoreProbe probe) {
        if (!probe.missingKeyIsNotFound()) {
            throw new PgbkException(
                    ErrorCode.PERMISSION_DENIED,
                    store.displayName() + " answers \"access denied\" for an object that does not exist",
                    "Allow these credentials to list the bucket (s3:ListBucket): without it pgbk cannot tell a missing"
                            + " WAL file from one that it may not read.");
        }
        if (!probe.exclusiveCreate() && !options.allowUnsafeStore()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    store.displayName() + " ignores the condition of a conditional PUT, so that two writers can"
                            + " overwrite each other's objects",
                    "Use a store that supports If-None-Match, or set allow-unsafe-store: true when only one host will"
                            + " ever write to it.");
        }
    }
}
