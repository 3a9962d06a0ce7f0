package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PgControlTest {
    /** The file as a server of that version wrote it. */
    static byte[] golden(int major) {
        String name = "pg_control-" + major + ".hex";
        try (InputStream in = Objects.requireNonNull(PgControlTest.class.getResourceAsStream(name), name)) {
            String hex = new String(in.readAllBytes(), StandardCharsets.US_ASCII).replaceAll("\\s", "");
            return Arrays.copyOf(HexFormat.of().parseHex(hex), PgControl.FILE_BYTES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 14, 15, 16, 17, 18})
    void theFileOfEveryVersionIsRead(int major) {
        PgControl control = PgControl.parse(golden(major));
        assertThat(control.major().number()).isEqualTo(major);
        assertThat(control.state()).isEqualTo(PgControl.State.IN_PRODUCTION);
        assertThat(control.walSegmentSize().bytes()).isEqualTo(1 << 20);
        assertThat(control.blockBytes()).isEqualTo(8192);
        assertThat(control.walBlockBytes()).isEqualTo(8192);
        assertThat(control.relationSegmentBlocks()).isEqualTo(131072);
        assertThat(control.maxAlign()).isEqualTo(8);
        assertThat(control.floatFormatMatches()).isTrue();
        assertThat(control.hasDataChecksums()).isTrue();
        assertThat(control.checkpoint().timeline()).isEqualTo(1);
        assertThat(control.checkpointLsn()).isGreaterThan(control.checkpoint().redoLsn());
        assertThat(control.settings())
                .isEqualTo(new PgControl.Settings(PgControl.WalLevel.LOGICAL, false, 100, 8, 10, 5, 64, true));
    }

    @Test
    void theValuesOfAFileAreThoseTheServerSaid() {
        PgControl control = PgControl.parse(golden(18));
        assertThat(control.systemIdentifierText()).isEqualTo("7710461520718403062");
        assertThat(control.checkpointLsn()).hasToString("0/202D418");
        assertThat(control.checkpoint().redoLsn()).hasToString("0/202D3C0");
        assertThat(control.checkpoint().nextXid()).isEqualTo(968);
        assertThat(control.checkpoint().time()).isEqualTo(Instant.parse("2026-11-21T03:28:39Z"));
    }

    @Test
    void anIdentifierAboveTheSignedRangeIsPrintedUnsigned() {
        byte[] file = golden(17);
        Arrays.fill(file, 0, 8, (byte) 0xFF);
        assertThat(PgControl.parse(TestBytes.withControlCrc(file)).systemIdentifierText())
                .isEqualTo("18446744073709551615");
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 14, 15, 16, 17, 18})
    void theMarkerOfAnUnfinishedRestoreOnlyChangesTheCheckpoint(int major) {
        byte[] original = golden(major);
        byte[] marked = PgControl.withInvalidCheckpoint(original);
        PgControl before = PgControl.parse(original);
        PgControl after = PgControl.parse(marked);
        assertThat(after.checkpointLsn()).isNotEqualTo(before.checkpointLsn());
        assertThat(after.checkpointLsn().segmentNumber(new WalSegmentSize(1 << 20)))
                .as("segment 0 never exists")
                .isZero();
        assertThat(after.checkpoint()).isEqualTo(before.checkpoint());
        assertThat(after.settings()).isEqualTo(before.settings());
        assertThat(original).isEqualTo(golden(major));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 296, 8191, 8193})
    void hazardTruncatedControlFile(int length) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> PgControl.parse(Arrays.copyOf(golden(15), length)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }

    @Test
    void aVersionNobodyKnowsIsRefusedWithItsNumbers() {
        byte[] file = golden(18);
        file[8] = 1;
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> PgControl.parse(file))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.POSTGRES_UNSUITABLE))
                .withMessageContaining("1793")
                .withMessageContaining("202506291");
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 14, 15, 16, 17, 18})
    void hazardEveryFlippedBitIsNoticed(int major) {
        byte[] file = golden(major);
        int used = major < 18 ? 292 : 296;
        for (int bit = 0; bit < used * 8; bit++) {
            file[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> PgControl.parse(file));
            file[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    @Test
    void hostileFilesWithARightCrcNeverFailInAnotherWay() {
        Random random = new Random(2);
        for (int i = 0; i < 20_000; i++) {
            byte[] file = golden(17);
            for (int k = 0; k < 4; k++) {
                int at = random.nextInt(16, 288);
                file[at] = (byte) random.nextInt();
            }
            try {
                assertThat(PgControl.parse(TestBytes.withControlCrc(file))).isNotNull();
            } catch (PgbkException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
            }
        }
    }
}
