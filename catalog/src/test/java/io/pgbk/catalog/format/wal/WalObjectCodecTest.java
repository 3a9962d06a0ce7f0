package io.pgbk.catalog.format.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.EncryptedKeyRing;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.BufferPool;
import io.pgbk.testkit.disk.DiskCall.Operation;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WalObjectCodecTest {
    private static final String NAME = "000000010000000000000003";
    private static final String PATH = "clusters/main/wal/1/00000001/00000000/" + NAME;

    @TempDir
    Path directory;

    private final MemoryStore store = new MemoryStore();

    static WalObjectInfo info(byte[] raw) {
        return new WalObjectInfo(
                NAME,
                0xF234_5678_9ABC_DEF0L,
                1,
                new Lsn(0x3000000),
                new Lsn(0x4000000),
                raw.length,
                Bytes.of(Digests.sha256(raw)),
                Bytes.utf8("the index of the segment"),
                Instant.parse("2026-11-21T03:15:00.123456Z"));
    }

    private static WalObjectCodec codec(KeyRing ring) {
        return new WalObjectCodec(
                ring,
                Compression.DEFAULT,
                new TestRings.FixedRandom(3),
                new BufferPool(BufferPool.DEFAULT_LIMIT_BYTES));
    }

    private long put(KeyRing ring, byte[] raw) throws IOException {
        try (EncodedObject object = codec(ring).encode(PATH, new ByteArrayInputStream(raw), info(raw), directory)) {
            assertThat(store.create(PATH, object)).isEqualTo(CreateOutcome.CREATED);
            assertThat(object.sha256()).isEqualTo(Digests.sha256(store.get(PATH)));
            assertThat(store.get(PATH)).hasSize((int) object.length());
            try (InputStream again = object.open()) {
                assertThat(again.readAllBytes())
                        .as("a retry sends the same bytes")
                        .isEqualTo(store.get(PATH));
            }
            return object.length();
        }
    }

    @ParameterizedTest
    @CsvSource({"true,0", "true,1", "true,1048576", "true,16777216", "false,41", "false,1048577", "false,3145728"})
    void aFileComesBackWithAllThatIsSaidAboutIt(boolean encrypted, int size) throws Exception {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] raw = TestRings.content(size, size);
        long length = put(ring, raw);
        ByteArrayOutputStream decoded = new ByteArrayOutputStream();
        assertThat(codec(ring).decode(store, PATH, length, ByteSink.of(decoded)))
                .isEqualTo(info(raw));
        assertThat(decoded.toByteArray()).isEqualTo(raw);
        assertThat(codec(ring).readInfo(store, PATH, length)).isEqualTo(info(raw));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theHeaderAloneTellsWhetherALocalFileIsTheSame(boolean encrypted) throws Exception {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] raw = TestRings.content(1 << 20, 1);
        put(ring, raw);
        WalObjectHeader header = codec(ring).readHeader(store, PATH);
        assertThat(codec(ring).isSame(header, raw.length, Bytes.of(Digests.sha256(raw))))
                .isTrue();
        raw[12345] ^= 1;
        assertThat(codec(ring).isSame(header, raw.length, Bytes.of(Digests.sha256(raw))))
                .isFalse();
    }

    @Test
    void objectsOfAnOlderEpochAreComparedUnderTheirOwnKey() throws Exception {
        EncryptedKeyRing old = (EncryptedKeyRing) TestRings.ring(true);
        byte[] raw = TestRings.content(5000, 1);
        long length = put(old, raw);
        KeyRing rotated = old.withNewEpoch(new TestRings.FixedRandom(9));
        WalObjectHeader header = codec(rotated).readHeader(store, PATH);
        assertThat(header.keyEpoch()).isEqualTo(1);
        assertThat(codec(rotated).isSame(header, raw.length, Bytes.of(Digests.sha256(raw))))
                .isTrue();
        assertThat(codec(rotated).readInfo(store, PATH, length)).isEqualTo(info(raw));
    }

    @Test
    void theRawDigestIsNotInTheObjectInPlain() throws Exception {
        byte[] raw = TestRings.content(5000, 1);
        put(TestRings.ring(true), raw);
        String object = Bytes.of(store.get(PATH)).hex();
        assertThat(object).doesNotContain(info(raw).rawSha256().hex());
    }

    @Test
    void aFileThatChangesWhileItIsReadIsRefused() throws Exception {
        byte[] raw = TestRings.content(3000, 1);
        for (byte[] other : new byte[][] {TestRings.content(3000, 2), new byte[2999], new byte[3001]}) {
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> codec(TestRings.ring(true))
                            .encode(PATH, new ByteArrayInputStream(other), info(raw), directory))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_INVALID))
                    .withMessageContaining(NAME);
        }
    }

    @Test
    void aDamagedObjectIsRefusedBeforeItsEnd() throws Exception {
        KeyRing ring = TestRings.ring(true);
        byte[] raw = TestRings.content(100_000, 1);
        long length = put(ring, raw);
        byte[] sound = store.get(PATH).clone();
        Random random = new Random(TestRings.seed());
        for (int i = 0; i < 200; i++) {
            byte[] damaged = sound.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            store.put(PATH, damaged);
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(
                            () -> codec(ring).decode(store, PATH, length, ByteSink.of(new ByteArrayOutputStream())));
        }
    }

    @Test
    void aLargeSegmentIsSpooledAndLeavesNoFileBehind() throws Exception {
        KeyRing ring = TestRings.ring(true);
        byte[] raw = new byte[72 << 20];
        new Random(1).nextBytes(raw);
        long length = put(ring, raw);
        ByteArrayOutputStream decoded = new ByteArrayOutputStream(raw.length);
        codec(ring).decode(store, PATH, length, ByteSink.of(decoded));
        assertThat(decoded.toByteArray()).isEqualTo(raw);
        try (var left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aFullTemporaryDirectoryIsSaidAndLeavesNothing() throws Exception {
        byte[] raw = new byte[72 << 20];
        new Random(1).nextBytes(raw);
        FaultyDisk disk = new FaultyDisk();
        for (Operation operation : List.of(Operation.OPEN, Operation.WRITE)) {
            disk.faults(call -> call.operation() == operation ? DiskFault.NO_SPACE : DiskFault.NONE);
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> codec(TestRings.ring(true))
                            .encode(PATH, new ByteArrayInputStream(raw), info(raw), disk.path(directory)))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE))
                    .satisfies(e -> assertThat(e.hint()).contains(directory.toString()));
            try (var left = Files.list(directory)) {
                assertThat(left).isEmpty();
            }
        }
    }
}
