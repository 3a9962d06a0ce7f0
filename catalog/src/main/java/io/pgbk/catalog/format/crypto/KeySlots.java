package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Writes and opens key slots: JSON documents {@code keys/<slot-id>.json}, each of which wraps the complete key set (all
 * epochs) under one secret.
 */
public final class KeySlots {
    private static final int CHECK_BYTES = 16;
    private static final int TAG_BITS = 128;
    /** How many slots a message names. */
    private static final int MAX_NAMED = 10;

    private KeySlots() {}

    /** The key of a slot's document below the prefix. */
    public static String path(String slotId) {
        if (!SlotDocument.SLOT_ID.matcher(slotId).matches()) {
            throw new IllegalArgumentException(
                    "a slot id has 1 to 64 lower-case letters, digits and '-', not '" + slotId + "'");
        }
        return "keys/" + slotId + ".json";
    }

    /**
     * A new slot's document.
     *
     * @param slotId the name below {@code keys/}: lower-case letters, digits and {@code -}, at most 64
     * @param cost for a passphrase; a key file needs none
     */
    public static byte[] seal(
            EncryptedKeyRing ring,
            String slotId,
            UnlockSecret secret,
            Argon2Parameters cost,
            Instant created,
            SecureRandom random) {
        String path = path(slotId);
        byte[] salt = new byte[32];
        random.nextBytes(salt);
        byte[] nonce = new byte[12];
        random.nextBytes(nonce);
        Optional<Argon2Parameters> slotCost = switch (secret) {
            case UnlockSecret.KeyFile _ -> Optional.empty();
            case UnlockSecret.Passphrase _ -> Optional.of(cost);
        };
        byte[] unlocking = unlockingKey(secret, salt, slotCost);
        byte[] plain = KeySet.encode(ring);
        try {
            SlotDocument draft = new SlotDocument(
                    slotId,
                    typeOf(secret),
                    ring.repositoryId(),
                    created,
                    Bytes.of(salt),
                    slotCost,
                    check(unlocking, salt),
                    Bytes.of(nonce),
                    Bytes.EMPTY);
            byte[] wrapped = crypt(Cipher.ENCRYPT_MODE, unlocking, draft, plain);
            SlotDocument slot = new SlotDocument(
                    draft.slotId(),
                    draft.type(),
                    draft.repositoryId(),
                    draft.created(),
                    draft.salt(),
                    draft.cost(),
                    draft.check(),
                    draft.nonce(),
                    Bytes.of(wrapped));
            return SealedJson.seal(ring, path, slot.toJson());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM failed", e);
        } finally {
            Arrays.fill(unlocking, (byte) 0);
            Arrays.fill(plain, (byte) 0);
        }
    }

    /**
     * What a slot's document says about itself, without opening it; not authenticated.
     *
     * @throws PgbkException OBJECT_DAMAGED when it is no slot, FORMAT_TOO_NEW for a newer version
     */
    public static SlotInfo describe(String path, byte[] document) {
        Map<String, String> members = SlotDocument.members(path, SealedJson.peek(path, document));
        String type = SlotDocument.required(path, members, "type");
        return new SlotInfo(
                SlotDocument.slotId(path, members), type, isSupported(type), SlotDocument.created(path, members));
    }

    private static boolean isSupported(String type) {
        return type.equals(SlotDocument.KEY_FILE) || type.equals(SlotDocument.PASSPHRASE);
    }

    private static String typeOf(UnlockSecret secret) {
        return switch (secret) {
            case UnlockSecret.KeyFile _ -> SlotDocument.KEY_FILE;
            case UnlockSecret.Passphrase _ -> SlotDocument.PASSPHRASE;
        };
    }

    /**
     * Opens the key set with the first slot that the secret fits. Slots of other types are passed over.
     *
     * @param slots all slots of the repository
     * @throws PgbkException KEY_WRONG when the secret fits none (said before anything else is read), OBJECT_DAMAGED
     *     when the secret fits but the slot was altered, FORMAT_TOO_NEW when only slots of types that this version does
     *     not know exist
     */
    public static EncryptedKeyRing open(RepositoryId repositoryId, List<StoredSlot> slots, UnlockSecret secret) {
        String wanted = typeOf(secret);
        List<String> others = new ArrayList<>();
        List<String> unknown = new ArrayList<>();
        PgbkException firstDamage = null;
        List<String> refused = new ArrayList<>();
        for (StoredSlot stored : slots) {
            try {
                byte[] document = stored.document().toArray();
                Map<String, String> members =
                        SlotDocument.members(stored.path(), SealedJson.peek(stored.path(), document));
                String type = SlotDocument.required(stored.path(), members, "type");
                if (!type.equals(wanted)) {
                    (isSupported(type) ? others : unknown).add(stored.path() + " (" + type + ")");
                    continue;
                }
                SlotDocument slot = SlotDocument.parse(stored.path(), members);
                Optional<EncryptedKeyRing> ring = unwrap(repositoryId, stored.path(), slot, secret);
                if (ring.isPresent()) {
                    SealedJson.open(ring.get(), stored.path(), document);
                    return ring.get();
                }
                refused.add(stored.path());
            } catch (PgbkException e) {
                // Another slot may still open; a damaged one must not lock everybody out.
                if (firstDamage == null) {
                    firstDamage = e;
                }
            }
        }
        throw noneOpens(secret, refused, others, unknown, firstDamage);
    }

    private static PgbkException noneOpens(
            UnlockSecret secret,
            List<String> refused,
            List<String> others,
            List<String> unknown,
            @Nullable PgbkException firstDamage) {
        if (firstDamage != null && refused.isEmpty()) {
            return firstDamage;
        }
        if (refused.isEmpty() && others.isEmpty() && !unknown.isEmpty()) {
            return new PgbkException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "the repository has only key slots of types that this version cannot open: "
                            + String.join(", ", unknown),
                    "Use a newer pgbk, or add a key-file slot with it.");
        }
        String message = refused.isEmpty()
                ? "the repository has no key slot for " + secret.description()
                        + (others.isEmpty() ? "" : ", only " + String.join(", ", others))
                : secret.description() + " opens none of the repository's " + refused.size() + " " + typeOf(secret)
                        + " slots: " + refused.stream().limit(MAX_NAMED).collect(Collectors.joining(", "));
        return new PgbkException(
                ErrorCode.KEY_WRONG,
                firstDamage == null ? message : message + "; " + firstDamage.getMessage(),
                "Check that it belongs to this repository; pgbk key list shows the slots that exist.");
    }

    private static Optional<EncryptedKeyRing> unwrap(
            RepositoryId repositoryId, String path, SlotDocument slot, UnlockSecret secret) {
        if (!path(slot.slotId()).equals(path) || !slot.repositoryId().equals(repositoryId)) {
            throw Damage.of(path, "it was made for slot " + slot.slotId() + " of repository " + slot.repositoryId());
        }
        byte[] unlocking = unlockingKey(secret, slot.salt().toArray(), slot.cost());
        byte[] plain = new byte[0];
        try {
            if (!MessageDigest.isEqual(
                    check(unlocking, slot.salt().toArray()).toArray(),
                    slot.check().toArray())) {
                return Optional.empty();
            }
            plain = crypt(
                    Cipher.DECRYPT_MODE, unlocking, slot, slot.wrappedKeys().toArray());
            return Optional.of(KeySet.decode(plain, repositoryId, path));
        } catch (AEADBadTagException e) {
            throw Damage.of(path, "the key fits, but the slot was altered", e);
        } catch (GeneralSecurityException e) {
            throw Damage.of(path, "its wrapped keys are invalid", e);
        } finally {
            Arrays.fill(unlocking, (byte) 0);
            Arrays.fill(plain, (byte) 0);
        }
    }

    private static byte[] unlockingKey(UnlockSecret secret, byte[] salt, Optional<Argon2Parameters> cost) {
        return switch (secret) {
            case UnlockSecret.KeyFile keyFile -> Hkdf.derive(keyFile.secret().expose(), salt, "slot key-file");
            case UnlockSecret.Passphrase passphrase -> argon2(passphrase.secret(), salt, cost.orElseThrow());
        };
    }

    private static byte[] argon2(Secret passphrase, byte[] salt, Argon2Parameters cost) {
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(new org.bouncycastle.crypto.params.Argon2Parameters.Builder(
                        org.bouncycastle.crypto.params.Argon2Parameters.ARGON2_id)
                .withVersion(org.bouncycastle.crypto.params.Argon2Parameters.ARGON2_VERSION_13)
                .withSalt(salt)
                .withMemoryAsKB(cost.memoryKib())
                .withIterations(cost.iterations())
                .withParallelism(cost.parallelism())
                .build());
        byte[] key = new byte[32];
        generator.generateBytes(passphrase.expose(), key);
        return key;
    }

    private static Bytes check(byte[] unlocking, byte[] salt) {
        return Bytes.of(Hkdf.derive(unlocking, salt, "slot check"), 0, CHECK_BYTES);
    }

    private static byte[] crypt(int mode, byte[] unlocking, SlotDocument slot, byte[] input)
            throws GeneralSecurityException {
        byte[] wrapping = Hkdf.derive(unlocking, slot.salt().toArray(), "slot wrap");
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding", "SunJCE");
            cipher.init(
                    mode,
                    new SecretKeySpec(wrapping, "AES"),
                    new GCMParameterSpec(TAG_BITS, slot.nonce().toArray()));
            cipher.updateAAD(slot.associatedText().getBytes(StandardCharsets.UTF_8));
            return cipher.doFinal(input);
        } finally {
            Arrays.fill(wrapping, (byte) 0);
        }
    }

    /**
     * A slot as it was read.
     *
     * @param path below the prefix, {@code keys/<slot-id>.json}
     * @param document its content
     */
    public record StoredSlot(String path, Bytes document) {}

    /**
     * What people see of a slot.
     *
     * @param type {@code key-file}, {@code passphrase}, or a type of a newer version
     * @param supported whether this version can open such slots
     */
    public record SlotInfo(String slotId, String type, boolean supported, Instant created) {}
}
