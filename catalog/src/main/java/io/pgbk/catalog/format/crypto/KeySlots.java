package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.RepositoryId;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;

/**
 * Writes and opens key slots: JSON documents {@code keys/<slot-id>.json}, each of which wraps the complete key set (all
 * epochs) under one secret.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class KeySlots {
    private KeySlots() {}

    /**
     * A new slot's document.
     *
     * @param slotId the name below {@code keys/}: letters, digits and {@code -}, at most 64
     * @param cost for a passphrase; a key file needs none
     */
    public static byte[] seal(
            EncryptedKeyRing ring,
            String slotId,
            UnlockSecret secret,
            Argon2Parameters cost,
            Instant created,
            SecureRandom random) {
        throw new UnsupportedOperationException();
    }

    /**
     * What a slot's document says about itself, without opening it.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED when it is no slot, FORMAT_TOO_NEW for a newer version
     */
    public static SlotInfo describe(String path, byte[] document) {
        throw new UnsupportedOperationException();
    }

    /**
     * Opens the key set with the first slot that the secret fits. Slots of other types are passed over.
     *
     * @param slots all slots of the repository
     * @throws io.pgbk.error.PgbkException KEY_WRONG when the secret fits none (said before anything else is read),
     *     OBJECT_DAMAGED when the secret fits but the slot was altered, FORMAT_TOO_NEW when only slots of types that
     *     this version does not know exist
     */
    public static EncryptedKeyRing open(RepositoryId repositoryId, List<StoredSlot> slots, UnlockSecret secret) {
        throw new UnsupportedOperationException();
    }

    /**
     * A slot as it was read.
     *
     * @param path below the prefix, {@code keys/<slot-id>.json}
     * @param document its content
     */
    public record StoredSlot(String path, io.pgbk.catalog.format.Bytes document) {}

    /**
     * What people see of a slot.
     *
     * @param type {@code key-file}, {@code passphrase}, or a type of a newer version
     * @param supported whether this version can open such slots
     */
    public record SlotInfo(String slotId, String type, boolean supported, Instant created) {}
}
