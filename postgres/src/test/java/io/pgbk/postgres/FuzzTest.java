package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The small files of a server, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FuzzTest implements FuzzTargets {
    private static final String LABEL = """
            START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
            CHECKPOINT LOCATION: 0/2000060
            BACKUP METHOD: streamed
            BACKUP FROM: primary
            START TIME: 2026-11-21 03:15:00 UTC
            LABEL: pgbk
            START TIMELINE: 1
            """;
    private static final String INCREMENTAL = LABEL + "INCREMENTAL FROM LSN: 0/1000028\nINCREMENTAL FROM TLI: 1\n";
    private static final String ENDED = LABEL
            + "STOP WAL LOCATION: 0/2000138 (file 000000010000000000000002)\nSTOP TIME: 2026-11-21 03:16:00 UTC\n"
            + "STOP TIMELINE: 1\n";
    private static final String HISTORY =
            "1\t0/3000000\tno recovery target specified\n\n2\t0/50000D8\tbefore 2026-11-21 03:00:00+00\n# comment\n";
    private static final List<Integer> MAJORS = List.of(13, 14, 15, 16, 17, 18);
    /** Everything that is read, whatever the version, lies before it. */
    private static final int CONTROL_BYTES = 300;

    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                FuzzTarget.of("backup-label", () -> texts(LABEL, INCREMENTAL, ENDED), FuzzTest::label),
                FuzzTarget.of(
                        "tablespace-map", () -> texts("16401 /srv/a b\n16402 /srv/new\\\nline\\\\\n"), FuzzTest::map),
                FuzzTarget.of("timeline-history", () -> texts(HISTORY), FuzzTest::history),
                FuzzTarget.of("pg-control", FuzzTest::controls, PgControl::parse),
                FuzzTarget.of("pg-control-with-checksum", FuzzTest::controlStarts, FuzzTest::sealedControl)
                        .withMaxInputBytes(CONTROL_BYTES),
                FuzzTarget.of(
                        "wal-names",
                        () -> texts(
                                "000000010000000000000002",
                                "000000010000000000000002.partial",
                                "00000002.history",
                                "000000010000000000000002.00000028.backup",
                                "16/B374D848"),
                        FuzzTest::names));
    }

    private static List<byte[]> texts(String... texts) {
        return Arrays.stream(texts)
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }

    private static void label(byte[] input) {
        BackupLabel label = BackupLabel.parse(input);
        assertThat(label.startTimeline()).isNotZero();
    }

    private static void map(byte[] input) {
        TablespaceMap map = TablespaceMap.parse(input);
        assertThat(TablespaceMap.parse(map.toBytes())).isEqualTo(map);
    }

    private static void history(byte[] input) {
        TimelineHistory history = TimelineHistory.parse(3, input);
        assertThat(history.ranges()).hasSize(history.entries().size() + 1);
        assertThat(history.timelineAt(new Lsn(-1))).isEqualTo(3);
        assertThat(history.contains(3, new Lsn(-1))).isTrue();
    }

    private static void names(byte[] input) {
        String text = new String(input, StandardCharsets.ISO_8859_1);
        WalFileName.parse(text).ifPresent(name -> assertThat(name).hasToString(text));
        WalSegmentName.tryParse(text).ifPresent(name -> assertThat(name).hasToString(text));
        Lsn.tryParse(text)
                .ifPresent(lsn -> assertThat(Lsn.parse(lsn.toString())).isEqualTo(lsn));
    }

    private static List<byte[]> controls() {
        List<byte[]> files = new ArrayList<>();
        MAJORS.forEach(major -> files.add(PgControlTest.golden(major)));
        return files;
    }

    private static List<byte[]> controlStarts() {
        return controls().stream()
                .map(file -> Arrays.copyOf(file, CONTROL_BYTES))
                .toList();
    }

    /** With the checksum that fits, so that more than the checksum is tried. */
    private static void sealedControl(byte[] input) {
        byte[] file = Arrays.copyOf(input, PgControl.FILE_BYTES);
        ByteBuffer view = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int offset = view.getInt(8) >= 1800 ? 292 : 288;
        CRC32C crc = new CRC32C();
        crc.update(file, 0, offset);
        view.putInt(offset, (int) crc.getValue());
        assertThat(PgControl.parse(file).systemIdentifierText()).isNotEmpty();
        byte[] invalid = PgControl.withInvalidCheckpoint(file);
        assertThat(PgControl.parse(invalid).checkpointLsn()).isEqualTo(new Lsn(0xDEA8));
    }
}
