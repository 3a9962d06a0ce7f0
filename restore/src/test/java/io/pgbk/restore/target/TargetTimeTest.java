package io.pgbk.restore.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Instant;
import java.time.ZoneId;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTimeTest {
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

    @ParameterizedTest
    @CsvSource({
        "2026-11-21T03:15:00Z,2026-11-21T03:15:00Z",
        "2026-11-21t03:15:00z,2026-11-21T03:15:00Z",
        "2026-11-21 03:15:00+00,2026-11-21T03:15:00Z",
        "2026-11-21 03:15:00.5+01,2026-11-21T02:15:00.5Z",
        "2026-11-21 03:15:00.123456+01,2026-11-21T02:15:00.123456Z",
        "2026-11-21 03:15:00-0330,2026-11-21T06:45:00Z",
        "2026-11-21 03:15:00+05:45,2026-11-20T21:30:00Z",
        "1900-01-01 00:00:00+00:53:28,1899-12-31T23:06:32Z",
        "2026-11-21 03:15 UTC,2026-11-21T03:15:00Z",
        "2026-11-21   03:15:00 GMT,2026-11-21T03:15:00Z",
        "2026-11-21 03:15:00 Europe/Berlin,2026-11-21T02:15:00Z",
        "'2026-11-21T03:15:00,25+01:00',2026-11-21T02:15:00.25Z",
    })
    void takesIso8601AndPostgresOutput(String text, Instant expected) {
        assertThat(TargetTime.parse(text, null)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-11-21 03:15:00", "2026-11-21T03:15"})
    void refusesATimeWithoutZoneUnlessOneIsConfigured(String text) {
        assertThatThrownBy(() -> TargetTime.parse(text, null))
                .asInstanceOf(InstanceOfAssertFactories.type(PgbkException.class))
                .satisfies(e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.USAGE);
                    assertThat(e).hasMessageContaining("no time zone");
                });
        assertThat(TargetTime.parse(text, BERLIN)).isEqualTo(Instant.parse("2026-11-21T02:15:00Z"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "yesterday",
                "2026-11-21",
                "2026-02-30 00:00:00Z",
                "2026-11-21 24:00:00Z",
                "2026-11-21 03:60:00Z",
                "2026-11-21 03:15:00+25",
                "2026-11-21 03:15:00 Europe/Nowhere",
                "2026-11-21 03:15:00.1234567890Z",
                "21.11.2026 03:15",
                "2026-11-21 03:15:00 +"
            })
    void refusesWhatIsNoTime(String text) {
        assertThatThrownBy(() -> TargetTime.parse(text, BERLIN))
                .asInstanceOf(InstanceOfAssertFactories.type(PgbkException.class))
                .extracting(PgbkException::code)
                .isEqualTo(ErrorCode.USAGE);
    }

    @Test
    void refusesLocalTimesThatAClockChangeSkipsOrRepeats() {
        assertThatThrownBy(() -> TargetTime.parse("2026-03-29 02:30:00", BERLIN))
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> TargetTime.parse("2026-10-25 02:30:00", BERLIN))
                .hasMessageContaining("happened twice")
                .asInstanceOf(InstanceOfAssertFactories.type(PgbkException.class))
                .extracting(PgbkException::hint)
                .asString()
                .contains("+02:00 or +01:00");
        assertThat(TargetTime.parse("2026-10-25 02:30:00+01", BERLIN)).isEqualTo(Instant.parse("2026-10-25T01:30:00Z"));
    }

    @Test
    void printsWhatPostgresTakes() {
        assertThat(TargetTime.format(Instant.parse("2026-11-21T02:15:00Z"))).isEqualTo("2026-11-21 02:15:00+00");
        assertThat(TargetTime.format(Instant.parse("2026-11-21T02:15:00.050Z"))).isEqualTo("2026-11-21 02:15:00.05+00");
    }

    @Test
    void keepsTheSameTransactionsWhenATimeIsFinerThanMicroseconds() {
        Instant fine = Instant.parse("2026-11-21T02:15:00.000000900Z");
        assertThat(new RecoveryTarget.Time(fine, false).value()).isEqualTo("2026-11-21 02:15:00+00");
        assertThat(new RecoveryTarget.Time(fine, true).value()).isEqualTo("2026-11-21 02:15:00.000001+00");
    }

    @Test
    void takesTimelinesInBothNotations() {
        assertThat(TimelineChoice.parse("latest")).isEqualTo(new TimelineChoice.Newest());
        assertThat(TimelineChoice.parse("current")).isEqualTo(new TimelineChoice.OfBackup());
        assertThat(TimelineChoice.parse("31")).isEqualTo(new TimelineChoice.Numbered(31));
        assertThat(TimelineChoice.parse("0x1F")).isEqualTo(new TimelineChoice.Numbered(31));
        assertThat(TimelineChoice.parse("00000002")).isEqualTo(new TimelineChoice.Numbered(2));
        assertThatThrownBy(() -> TimelineChoice.parse("0")).isInstanceOf(PgbkException.class);
        assertThatThrownBy(() -> TimelineChoice.parse("x")).isInstanceOf(PgbkException.class);
    }

    @Test
    void refusesIdsNamesAndPositionsThatCannotBe() {
        assertThatThrownBy(() -> RecoveryTarget.parseXid("2", false)).isInstanceOf(PgbkException.class);
        assertThatThrownBy(() -> RecoveryTarget.parseXid("x", false)).isInstanceOf(PgbkException.class);
        assertThatThrownBy(() -> RecoveryTarget.parseLsn("12345", false)).isInstanceOf(PgbkException.class);
        assertThatThrownBy(() -> new RecoveryTarget.Name("")).isInstanceOf(PgbkException.class);
        assertThatThrownBy(() -> new RecoveryTarget.Name("a\nb")).isInstanceOf(PgbkException.class);
        assertThatThrownBy(() -> new RecoveryTarget.Name("x".repeat(64))).isInstanceOf(PgbkException.class);
        assertThat(RecoveryTarget.parseLsn(" 3/D5A7F2B8 ", true).describe()).isEqualTo("lsn 3/D5A7F2B8 (exclusive)");
    }
}
