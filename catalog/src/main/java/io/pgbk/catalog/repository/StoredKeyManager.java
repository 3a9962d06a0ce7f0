package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.crypto.EncryptedKeyRing;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.crypto.KeySlots;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@link KeyManager} on the slot objects of a repository. */
final class StoredKeyManager implements KeyManager {
    private final KeySlotFiles slots;
    private final KeyRing keys;
    private final RepositoryRuntime runtime;

    StoredKeyManager(KeySlotFiles slots, KeyRing keys, RepositoryRuntime runtime) {
        this.slots = slots;
        this.keys = keys;
        this.runtime = runtime;
    }

    @Override
    public List<KeySlots.SlotInfo> list() {
        encryptedKeys();
        return slots.readAll().stream()
                .map(slot -> KeySlots.describe(slot.path(), slot.document().toArray()))
                .toList();
    }

    @Override
    public String add(UnlockSecret secret) {
        return slots.write(encryptedKeys(), secret);
    }

    @Override
    public void remove(String slotId) {
        encryptedKeys();
        List<KeySlots.StoredSlot> all = slots.readAll();
        requireSlot(all, slotId);
        if (all.size() == 1) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "key slot " + slotId + " is the last one",
                    "Add another slot first (`pgbk key add`): without any slot nothing in the repository can be read.");
        }
        slots.delete(slotId);
    }

    @Override
    public String rewrap(String slotId, UnlockSecret newSecret) {
        EncryptedKeyRing ring = encryptedKeys();
        requireSlot(slots.readAll(), slotId);
        String replacement = slots.write(ring, newSecret);
        slots.delete(slotId);
        return replacement;
    }

    @Override
    public Rotation rotate(List<UnlockSecret> secrets) {
        encryptedKeys();
        List<KeySlots.StoredSlot> all = slots.readAll();
        List<Opened> opened = new ArrayList<>();
        List<String> leftBehind = new ArrayList<>();
        for (KeySlots.StoredSlot slot : all) {
            openWith(slot, secrets).ifPresentOrElse(opened::add, () -> leftBehind.add(idOf(slot)));
        }
        if (opened.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.KEY_WRONG,
                    "none of the given secrets opens a key slot",
                    "Configure the key file or the passphrase that opens the repository.");
        }
        Opened newest = opened.getFirst();
        for (Opened one : opened) {
            newest = one.keys().currentEpoch() > newest.keys().currentEpoch() ? one : newest;
        }
        List<String> rewrapped = new ArrayList<>();
        int epoch;
        try (EncryptedKeyRing next = newest.keys().withNewEpoch(runtime.random())) {
            epoch = next.currentEpoch();
            for (Opened one : opened) {
                rewrapped.add(slots.write(next, one.secret()));
            }
        }
        for (Opened one : opened) {
            one.keys().close();
            slots.delete(idOf(one.slot()));
        }
        return new Rotation(epoch, rewrapped, leftBehind);
    }

    private record Opened(KeySlots.StoredSlot slot, UnlockSecret secret, EncryptedKeyRing keys) {}

    private Optional<Opened> openWith(KeySlots.StoredSlot slot, List<UnlockSecret> secrets) {
        for (UnlockSecret secret : secrets) {
            try {
                return Optional.of(new Opened(slot, secret, KeySlots.open(keys.repositoryId(), List.of(slot), secret)));
            } catch (PgbkException e) {
                if (e.code() != ErrorCode.KEY_WRONG && e.code() != ErrorCode.FORMAT_TOO_NEW) {
                    throw e;
                }
            }
        }
        return Optional.empty();
    }

    private EncryptedKeyRing encryptedKeys() {
        if (keys instanceof EncryptedKeyRing ring) {
            return ring;
        }
        throw new PgbkException(
                ErrorCode.ENCRYPTION_MISMATCH,
                "the repository is not encrypted and has no keys",
                "Encryption is chosen when a repository is created; create another one and take new backups there.");
    }

    private static void requireSlot(List<KeySlots.StoredSlot> slots, String slotId) {
        if (slots.stream().noneMatch(slot -> idOf(slot).equals(slotId))) {
            throw new PgbkException(
                    ErrorCode.OBJECT_MISSING,
                    "there is no key slot " + slotId,
                    "`pgbk key list` shows the slots of the repository.");
        }
    }

    private static String idOf(KeySlots.StoredSlot slot) {
        return RepositoryLayout.parse(slot.path()) instanceof RepositoryObject.KeySlot parsed
                ? parsed.slotId()
                : slot.path();
    }
}
