package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WalNamesTest {
    private static final WalSegmentSize ONE_MIB = new WalSegmentSize(1 << 20);
    private static final WalSegmentSize ONE_GIB = new WalSegmentSize(1 << 30);

    @ParameterizedTest
    @ValueSource(strings = {"0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/ABCDEF"})
    void anLsnIsPrintedAsPostgresPrintsIt(String text) {
        assertThat(Lsn.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "/", "1", "1/", "/1", "1/G", "123456789/0", "0/123456789", " 0/0", "-1/0", "+1/0", "0/0\n"})
    void whatIsNoLsnIsNotTakenForOne(String text) {
        assertThat(Lsn.tryParse(text)).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> Lsn.parse(text));
    }

    @Test
    void lsnsAreUnsigned() {
        Lsn high = Lsn.parse("FFFFFFFF/0");
        assertThat(high).isGreaterThan(Lsn.parse("7FFFFFFF/FFFFFFFF"));
        assertThat(high.segmentNumber(ONE_MIB)).isEqualTo(0xFFFFFFFFL << 12);
        assertThat(WalSegmentName.of(1, high, ONE_MIB)).hasToString("00000001FFFFFFFF00000000");
        assertThat(WalSegmentName.of(1, high, ONE_MIB).startLsn(ONE_MIB)).isEqualTo(high);
    }

    @ParameterizedTest
    @CsvSource({
        "1,          0/1FFFFFF, 00000001000000000000001F",
        "16777216,   0/1FFFFFF, 000000010000000000000001",
        "67108864,   1/8000000, 000000010000000100000002",
        "1073741824, 2/C0000000, 000000010000000200000003",
    })
    void segmentsOfEverySizeAreNamedAsTheServerNamesThem(int bytes, String lsn, String name) {
        WalSegmentSize size = new WalSegmentSize(bytes == 1 ? 1 << 20 : bytes);
        assertThat(WalSegmentName.of(1, Lsn.parse(lsn), size)).hasToString(name);
    }

    @Test
    void theNextSegmentCrossesTheBorderOfALog() {
        assertThat(WalSegmentName.parse("000000020000000000000FFF").next(ONE_MIB))
                .hasToString("000000020000000100000000");
        assertThat(WalSegmentName.parse("000000020000000000000003").next(ONE_GIB))
                .hasToString("000000020000000100000000");
        assertThat(WalSegmentName.parse("000000020000000100000000").previous(ONE_GIB))
                .contains(WalSegmentName.parse("000000020000000000000003"));
        assertThat(WalSegmentName.parse("000000020000000000000000").previous(ONE_GIB))
                .isEmpty();
    }

    @Test
    void aSegmentNumberBeyondTheSegmentSizeIsImpossible() {
        assertThat(WalSegmentName.parse("000000010000000000000004").isPossibleWith(ONE_GIB))
                .isFalse();
        assertThat(WalSegmentName.parse("000000010000000000000003").isPossibleWith(ONE_GIB))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1 << 19, (1 << 20) + 1, 3 << 20, Integer.MIN_VALUE, -1})
    void sizesThatInitdbRefusesAreRefused(int bytes) {
        assertThatIllegalArgumentException().isThrownBy(() -> new WalSegmentSize(bytes));
    }

    @Test
    void everyFileThatPostgresArchivesIsRecognised() {
        assertThat(WalFileName.parse("00000001000000000000000A")).containsInstanceOf(WalFileName.Segment.class);
        assertThat(WalFileName.parse("00000001000000000000000A.partial")).containsInstanceOf(WalFileName.Partial.class);
        assertThat(WalFileName.parse("00000001000000000000000A.00000028.backup"))
                .contains(new WalFileName.BackupHistory(WalSegmentName.parse("00000001000000000000000A"), 0x28));
        assertThat(WalFileName.parse("0000000A.history")).contains(new WalFileName.History(10));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00000001000000000000000A",
                "00000001000000000000000A.partial",
                "00000001000000000000000A.FFFFFFFF.backup",
                "FFFFFFFF.history"
            })
    void aWalFileNamePrintsItself(String name) {
        assertThat(WalFileName.parse(name).orElseThrow()).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00000001000000000000000",
                "00000001000000000000000a",
                "000000000000000000000001",
                "00000001000000000000000A.",
                "00000001000000000000000A.PARTIAL",
                "00000001000000000000000A.28.backup",
                "00000001000000000000000A.00000028.backup.x",
                "00000000.history",
                "0000000g.history",
                "0000000A.histor",
                "RECOVERYXLOG",
                "../00000001000000000000000A"
            })
    void otherFileNamesAreNotTakenForWal(String name) {
        assertThat(WalFileName.parse(name)).isEmpty();
    }
}
