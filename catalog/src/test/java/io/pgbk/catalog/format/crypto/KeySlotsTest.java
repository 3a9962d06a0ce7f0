package io.pgbk.catalog.format.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class KeySlotsTest {
    private static final Instant CREATED = Instant.parse("2026-11-21T03:15:00Z");
    private static final Argon2Parameters CHEAP = new Argon2Parameters(8 * 1024, 1, 1);

    private final SecureRandom random = new TestRings.FixedRandom(7);
    private final EncryptedKeyRing ring = KeyRing.create(TestRings.REPOSITORY, random);
    private final UnlockSecret.KeyFile keyFile = UnlockSecret.KeyFile.parse(new byte[32], Path.of("/etc/pgbk/key"));
    private final UnlockSecret.Passphrase passphrase = new UnlockSecret.Passphrase(
            Secret.copyOf("correct horse".getBytes(StandardCharsets.UTF_8)), "passphrase file /x");

    private KeySlots.StoredSlot slot(String id, UnlockSecret secret) {
        byte[] document = KeySlots.seal(ring, id, secret, CHEAP, CREATED, random);
        return new KeySlots.StoredSlot(KeySlots.path(id), Bytes.of(document));
    }

    private static KeySlots.StoredSlot edited(KeySlots.StoredSlot slot, String from, String to) {
        String text = slot.document().text();
        assertThat(text).contains(from);
        return new KeySlots.StoredSlot(slot.path(), Bytes.utf8(text.replace(from, to)));
    }

    private static void assertFails(ErrorCode code, ThrowingCallable opening) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(opening)
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    }

    private EncryptedKeyRing open(UnlockSecret secret, KeySlots.StoredSlot... slots) {
        return KeySlots.open(TestRings.REPOSITORY, List.of(slots), secret);
    }

    @Test
    void eachSecretOpensItsSlotAndGivesTheSameKeys() {
        KeySlots.StoredSlot host = slot("host-1", keyFile);
        KeySlots.StoredSlot people = slot("people", passphrase);
        for (UnlockSecret secret : List.of(keyFile, passphrase)) {
            EncryptedKeyRing opened = open(secret, people, host);
            assertThat(opened.key(1, KeyClass.DATA)).isEqualTo(ring.key(1, KeyClass.DATA));
            assertThat(opened.compareDigest(1, Bytes.of(new byte[32])))
                    .isEqualTo(ring.compareDigest(1, Bytes.of(new byte[32])));
        }
    }

    @Test
    void aSlotWrapsEveryEpochAndNewObjectsUseTheNewest() {
        EncryptedKeyRing rotated = ring.withNewEpoch(random);
        byte[] document = KeySlots.seal(rotated, "h", keyFile, CHEAP, CREATED, random);
        EncryptedKeyRing opened = open(keyFile, new KeySlots.StoredSlot("keys/h.json", Bytes.of(document)));
        assertThat(opened.currentEpoch()).isEqualTo(2);
        assertThat(opened.key(1, KeyClass.META)).isEqualTo(ring.key(1, KeyClass.META));
        assertThat(opened.pageDigestSeed(opened.pageDigestEpoch())).isEqualTo(ring.pageDigestSeed(1));
        assertFails(ErrorCode.KEY_WRONG, () -> ring.key(2, KeyClass.DATA));
    }

    @Test
    void aWrongKeyFileAndAWrongPassphraseAreRecognised() {
        byte[] other = new byte[32];
        other[31] = 1;
        KeySlots.StoredSlot host = slot("host-1", keyFile);
        KeySlots.StoredSlot people = slot("people", passphrase);
        assertFails(ErrorCode.KEY_WRONG, () -> open(UnlockSecret.KeyFile.parse(other, Path.of("/k")), host, people));
        assertFails(
                ErrorCode.KEY_WRONG,
                () -> open(new UnlockSecret.Passphrase(Secret.copyOf(new byte[] {'x'}), "p"), host, people));
        assertFails(ErrorCode.KEY_WRONG, () -> open(passphrase, host));
    }

    @Test
    void anAlteredSlotIsDamagedNotAWrongKey() {
        KeySlots.StoredSlot host = slot("host-1", keyFile);
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> open(keyFile, edited(host, "03:15:00Z", "03:15:01Z")));
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> open(keyFile, edited(host, "\"format\": 1", "\"format\": 1 ")));
        assertFails(
                ErrorCode.OBJECT_DAMAGED,
                () -> open(keyFile, new KeySlots.StoredSlot("keys/host-2.json", host.document())));
    }

    @Test
    void aDamagedSlotDoesNotLockOutTheOthers() {
        KeySlots.StoredSlot damaged = new KeySlots.StoredSlot("keys/a.json", Bytes.utf8("{\"format\": 1, \"half"));
        assertThat(open(keyFile, damaged, slot("b", keyFile)).currentEpoch()).isEqualTo(1);
    }

    @Test
    void anArgon2CostOverTheCapIsRefusedBeforeAnythingIsAllocated() {
        KeySlots.StoredSlot people = slot("people", passphrase);
        assertFails(
                ErrorCode.OBJECT_DAMAGED,
                () -> open(passphrase, edited(people, "\"memoryKib\": 8192", "\"memoryKib\": 99999999")));
        assertFails(
                ErrorCode.OBJECT_DAMAGED,
                () -> open(passphrase, edited(people, "\"iterations\": 1", "\"iterations\": 4000")));
        assertFails(
                ErrorCode.OBJECT_DAMAGED,
                () -> open(passphrase, edited(people, "\"parallelism\": 1", "\"parallelism\": 0")));
    }

    @Test
    void reservedSlotTypesAreRefusedByName() {
        KeySlots.StoredSlot kms = edited(slot("cloud", keyFile), "\"type\": \"key-file\"", "\"type\": \"kms\"");
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> open(keyFile, kms))
                .withMessageContaining("kms")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_TOO_NEW));
        assertThat(KeySlots.describe(kms.path(), kms.document().toArray()).supported())
                .isFalse();
    }

    @Test
    void aSlotOfAnotherRepositoryIsRefused() {
        EncryptedKeyRing other =
                KeyRing.create(io.pgbk.catalog.format.RepositoryId.parse("ff0102030405060708090a0b0c0d0e0f"), random);
        byte[] document = KeySlots.seal(other, "h", keyFile, CHEAP, CREATED, random);
        assertFails(
                ErrorCode.OBJECT_DAMAGED,
                () -> open(keyFile, new KeySlots.StoredSlot("keys/h.json", Bytes.of(document))));
    }

    @Test
    void aKeyFileHolds32BytesOrTheirHexDigits() {
        byte[] key = new byte[32];
        random.nextBytes(key);
        String hex = HexFormat.of().formatHex(key);
        Path file = Path.of("/etc/pgbk/key");
        assertThat(UnlockSecret.KeyFile.parse((hex + "\n").getBytes(StandardCharsets.US_ASCII), file))
                .isEqualTo(UnlockSecret.KeyFile.parse(key, file));
        for (String wrong : List.of("", "short", hex + "00", hex.replace(hex.charAt(0), 'x'))) {
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> UnlockSecret.KeyFile.parse(wrong.getBytes(StandardCharsets.US_ASCII), file))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_WRONG))
                    .withMessageNotContaining(hex.substring(1, 20));
        }
    }

    @Test
    void secretsAreMaskedAndCanBeWiped() {
        Secret secret = Secret.copyOf(new byte[] {1, 2, 3});
        assertThat(secret).hasToString("***");
        assertThat(keyFile.toString() + passphrase + ring)
                .doesNotContain("correct")
                .doesNotContain("00000000");
        secret.close();
        org.assertj.core.api.Assertions.assertThatIllegalStateException().isThrownBy(secret::copy);
    }
}
