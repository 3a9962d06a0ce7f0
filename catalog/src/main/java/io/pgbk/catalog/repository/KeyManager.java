package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.crypto.KeySlots;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import java.util.List;

/**
 * The key slots of an encrypted repository. Slots are never changed: a new one is written, then the old one removed, so
 * that at no moment fewer secrets open the repository than before or after. Data is never rewritten.
 *
 * <p>Every method throws {@link io.pgbk.error.PgbkException} ENCRYPTION_MISMATCH on a plain repository.
 */
public interface KeyManager {
    /** All slots, without opening them. */
    List<KeySlots.SlotInfo> list();

    /** Adds a slot for another secret and returns its id. */
    String add(UnlockSecret secret);

    /**
     * Removes a slot.
     *
     * @throws io.pgbk.error.PgbkException REFUSED_BY_POLICY when it is the last one, OBJECT_MISSING when there is none
     *     of this id
     */
    void remove(String slotId);

    /**
     * Replaces a slot's secret and returns the new slot's id.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_MISSING when there is no slot of this id
     */
    String rewrap(String slotId, UnlockSecret newSecret);

    /**
     * Adds an epoch for new objects and gives it to every slot that one of the secrets opens. Processes that run on keep
     * writing with the older epoch, which stays valid.
     *
     * @throws io.pgbk.error.PgbkException KEY_WRONG when no slot can be opened
     */
    Rotation rotate(List<UnlockSecret> secrets);

    /**
     * What a rotation did.
     *
     * @param epoch the new epoch
     * @param rewrapped ids of the slots that now have it
     * @param leftBehind ids of the slots that none of the secrets opens: they still open what is older
     */
    record Rotation(int epoch, List<String> rewrapped, List<String> leftBehind) {
        public Rotation {
            rewrapped = List.copyOf(rewrapped);
            leftBehind = List.copyOf(leftBehind);
        }
    }
}
