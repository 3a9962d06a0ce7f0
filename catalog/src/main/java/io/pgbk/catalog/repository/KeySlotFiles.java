package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.Argon2Parameters;
import io.pgbk.catalog.format.crypto.EncryptedKeyRing;
import io.pgbk.catalog.format.crypto.KeySlots;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The slot objects of one repository. A slot's id is {@code <first 8 digits of the repository id>-<epoch, 4 digits>-<8
 * random hexadecimal digits>}: slots that an init which lost or died left behind name another repository and are passed
 * over, and of two slots that one secret opens the one with the newer keys is tried first.
 */
final class KeySlotFiles {
    private static final int MAX_SLOT_BYTES = 64 << 10;
    private static final int READ_AT_ONCE = 1000;
    private static final int MAX_LISTED = 10_000;

    private final ObjectStore store;
    private final RepositoryId repositoryId;
    private final RepositoryRuntime runtime;

    KeySlotFiles(ObjectStore store, RepositoryId repositoryId, RepositoryRuntime runtime) {
        this.store = store;
        this.repositoryId = repositoryId;
        this.runtime = runtime;
    }

    /** All slots of this repository, those with the newest keys first. */
    List<KeySlots.StoredSlot> readAll() {
        return read(list(store));
    }

    /** The keys of all slots, whatever repository they are of. */
    static List<String> list(ObjectStore store) {
        List<String> keys = new ArrayList<>();
        store.list(RepositoryLayout.KEYS, "").forEachRemaining(object -> {
            if (keys.size() < MAX_LISTED && RepositoryLayout.parse(object.key()) instanceof RepositoryObject.KeySlot) {
                keys.add(object.key());
            }
        });
        return keys;
    }

    private List<KeySlots.StoredSlot> read(List<String> listed) {
        // Slots have up to 64 KiB each: somebody else's must not take all memory.
        return readThem(newestFirst(listed).stream().limit(READ_AT_ONCE).toList());
    }

    private List<String> newestFirst(List<String> listed) {
        return listed.stream()
                .filter(key ->
                        RepositoryLayout.parse(key) instanceof RepositoryObject.KeySlot slot && owns(slot.slotId()))
                .sorted(Comparator.reverseOrder())
                .toList();
    }

    private List<KeySlots.StoredSlot> readThem(List<String> keys) {
        List<KeySlots.StoredSlot> slots = new ArrayList<>();
        for (String key : keys) {
            readIfThere(key).ifPresent(document -> slots.add(new KeySlots.StoredSlot(key, document)));
        }
        return slots;
    }

    /** Empty when the slot was removed by a rewrap since it was listed; its successor was written before. */
    private Optional<Bytes> readIfThere(String key) {
        try {
            return Optional.of(Bytes.of(store.readAll(key, MAX_SLOT_BYTES)));
        } catch (ObjectMissingException e) {
            return Optional.empty();
        }
    }

    /**
     * Opens the newest keys that any of the secrets gives.
     *
     * @param listed what {@link #list} found
     * @throws PgbkException KEY_WRONG when no secret fits
     */
    EncryptedKeyRing open(List<UnlockSecret> secrets, List<String> listed) {
        List<String> keys = newestFirst(listed);
        PgbkException failure = null;
        // Slots that somebody has put there stand before the true ones when their names say so.
        for (int from = 0; from < keys.size(); from += READ_AT_ONCE) {
            List<KeySlots.StoredSlot> slots = readThem(keys.subList(from, Math.min(keys.size(), from + READ_AT_ONCE)));
            if (!slots.isEmpty()) {
                try {
                    return open(secrets, slots, failure);
                } catch (PgbkException e) {
                    failure = e;
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
        // A rewrap may have replaced all that was listed.
        List<KeySlots.StoredSlot> slots = readAll();
        if (slots.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.KEY_WRONG,
                    store.displayName() + " has no key slot of repository " + repositoryId
                            + ", which its repository.json names",
                    "Restore the objects below keys/; without them the repository cannot be read.");
        }
        return open(secrets, slots, null);
    }

    /** @param before why the slots before these did not open */
    private EncryptedKeyRing open(
            List<UnlockSecret> secrets, List<KeySlots.StoredSlot> slots, @Nullable PgbkException before) {
        PgbkException wrong = before;
        for (UnlockSecret secret : secrets) {
            try {
                return KeySlots.open(repositoryId, slots, secret);
            } catch (PgbkException e) {
                if (wrong != null) {
                    e.addSuppressed(wrong);
                }
                if (e.code() != ErrorCode.KEY_WRONG) {
                    throw e;
                }
                wrong = e;
            }
        }
        throw wrong == null ? new IllegalArgumentException("no secret was given") : wrong;
    }

    /** Writes a new slot and returns its id. */
    String write(EncryptedKeyRing keys, UnlockSecret secret) {
        while (true) {
            byte[] random = new byte[4];
            runtime.random().nextBytes(random);
            String slotId = idPrefix()
                    + String.format(Locale.ROOT, "%04d-", keys.currentEpoch())
                    + HexFormat.of().formatHex(random);
            byte[] document = KeySlots.seal(
                    keys,
                    slotId,
                    secret,
                    Argon2Parameters.DEFAULT,
                    runtime.clock().instant(),
                    runtime.random());
            if (store.create(RepositoryLayout.keySlot(slotId), new BytesBody(document)) == CreateOutcome.CREATED) {
                return slotId;
            }
        }
    }

    /** Removes a slot's object. */
    void delete(String slotId) {
        store.delete(List.of(RepositoryLayout.keySlot(slotId))).stream()
                .findFirst()
                .ifPresent(failure -> {
                    throw new PgbkException(
                            ErrorCode.PERMISSION_DENIED,
                            "key slot " + slotId + " could not be removed: " + failure.reason());
                });
    }

    boolean owns(String slotId) {
        return slotId.startsWith(idPrefix());
    }

    /** The highest epoch that any slot's id names; 0 without slots. */
    int newestEpoch() {
        int newest = 0;
        Iterator<ObjectInfo> objects = store.list(RepositoryLayout.KEYS, "");
        while (objects.hasNext()) {
            if (RepositoryLayout.parse(objects.next().key()) instanceof RepositoryObject.KeySlot slot
                    && slot.slotId().matches(idPrefix() + "[0-9]{4}-.*")) {
                int from = idPrefix().length();
                newest = Math.max(newest, Integer.parseInt(slot.slotId().substring(from, from + 4)));
            }
        }
        return newest;
    }

    private String idPrefix() {
        return repositoryId.toString().substring(0, 8) + "-";
    }
}
