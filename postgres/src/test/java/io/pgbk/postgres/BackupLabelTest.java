package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackupLabelTest {
    private static final String LABEL = """
            START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
            CHECKPOINT LOCATION: 0/2000060
            BACKUP METHOD: streamed
            BACKUP FROM: primary
            START TIME: 2026-11-21 03:00:00 UTC
            LABEL: nightly: of (all)
            START TIMELINE: 1
            """;

    private static BackupLabel parse(String text) {
        return BackupLabel.parse(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void everyLineIsRead() {
        BackupLabel label = parse(LABEL);
        assertThat(label.startLsn()).hasToString("0/2000028");
        assertThat(label.startSegment()).hasToString("000000010000000000000002");
        assertThat(label.checkpointLsn()).hasToString("0/2000060");
        assertThat(label.method()).isEqualTo("streamed");
        assertThat(label.fromStandby()).isFalse();
        assertThat(label.startTime()).isEqualTo("2026-11-21 03:00:00 UTC");
        assertThat(label.label()).isEqualTo("nightly: of (all)");
        assertThat(label.startTimeline()).isEqualTo(1);
        assertThat(label.incrementalFrom()).isEmpty();
        assertThat(label.stop()).isEmpty();
    }

    @Test
    void aStandbyAndAnIncrementalParentAreSeen() {
        BackupLabel label = parse(
                LABEL.replace("primary", "standby") + "INCREMENTAL FROM LSN: 0/1000028\nINCREMENTAL FROM TLI: 3\n");
        assertThat(label.fromStandby()).isTrue();
        assertThat(label.incrementalFrom()).contains(new BackupLabel.IncrementalFrom(Lsn.parse("0/1000028"), 3));
    }

    @Test
    void aBackupHistoryFileSaysWhereTheBackupEnded() {
        BackupLabel label = parse("""
                START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
                STOP WAL LOCATION: 0/2000138 (file 000000010000000000000002)
                CHECKPOINT LOCATION: 0/2000060
                BACKUP METHOD: streamed
                BACKUP FROM: primary
                START TIME: 2026-11-21 03:00:00 UTC
                LABEL: x
                START TIMELINE: 1
                STOP TIME: 2026-11-21 03:00:09 UTC
                STOP TIMELINE: 1
                """);
        assertThat(label.stop()).contains(new BackupLabel.Stop(Lsn.parse("0/2000138"), "2026-11-21 03:00:09 UTC", 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "START WAL LOCATION",
                "CHECKPOINT LOCATION",
                "BACKUP METHOD",
                "BACKUP FROM",
                "START TIME",
                "LABEL",
                "START TIMELINE"
            })
    void aMissingLineIsNamed(String name) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> parse(LABEL.replace(name + ": ", "OTHER: ")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED))
                .withMessageContaining(name);
    }

    @Test
    void damagedLabelsNeverFailInAnotherWay() {
        byte[] good = LABEL.getBytes(StandardCharsets.ISO_8859_1);
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = good.clone();
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            try {
                assertThat(BackupLabel.parse(bytes)).isNotNull();
            } catch (PgbkException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
            }
        }
    }
}
