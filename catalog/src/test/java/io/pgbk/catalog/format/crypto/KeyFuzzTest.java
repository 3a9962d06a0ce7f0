package io.pgbk.catalog.format.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Key files and what slots hold, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KeyFuzzTest implements FuzzTargets {
    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    private static final Instant CREATED = Instant.parse("2026-11-21T03:15:00Z");
    private static final String SLOT = "keys/host-1.json";
    private static final UnlockSecret KEY = UnlockSecret.KeyFile.parse(new byte[32], Path.of("key"));

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                FuzzTarget.of(
                        "key-file",
                        () -> List.of(
                                new byte[32],
                                ("0123456789abcdef".repeat(4) + "\n").getBytes(StandardCharsets.US_ASCII)),
                        input -> UnlockSecret.KeyFile.parse(input, Path.of("key"))),
                FuzzTarget.of("key-slot", () -> List.of(slot(KEY)), KeyFuzzTest::open),
                FuzzTarget.of("passphrase-slot", KeyFuzzTest::passphraseSlot, KeyFuzzTest::document),
                FuzzTarget.of(
                        "key-set",
                        () -> List.of(KeySet.encode(keys())),
                        input -> assertThat(KeySet.encode(KeySet.decode(input, TestRings.REPOSITORY, SLOT)))
                                .isEqualTo(input)));
    }

    private static EncryptedKeyRing keys() {
        return (EncryptedKeyRing) TestRings.ring(true);
    }

    private static byte[] slot(UnlockSecret secret) {
        return KeySlots.seal(
                keys(), "host-1", secret, new Argon2Parameters(8192, 1, 1), CREATED, new TestRings.FixedRandom(3));
    }

    private static List<byte[]> passphraseSlot() {
        return List.of(slot(new UnlockSecret.Passphrase(Secret.copyOf(new byte[] {'x'}), "passphrase")));
    }

    /** The MAC is not checked before the keys are there, so everything else is. */
    private static void open(byte[] input) {
        KeySlots.describe(SLOT, input);
        KeySlots.open(TestRings.REPOSITORY, List.of(new KeySlots.StoredSlot(SLOT, Bytes.of(input))), KEY);
    }

    /** Only read: the caps bound what deriving the key costs. */
    private static void document(byte[] input) {
        Map<String, String> members = SlotDocument.members(SLOT, SealedJson.peek(SLOT, input));
        SlotDocument slot = SlotDocument.parse(SLOT, members);
        slot.cost().ifPresent(cost -> assertThat(cost.memoryKib()).isLessThanOrEqualTo(1 << 20));
        assertThat(SlotDocument.parse(SLOT, SlotDocument.members(SLOT, slot.toJson())))
                .isEqualTo(slot);
    }
}
