package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PgTimeTest {
    @Test
    void theEpochIsTheYear2000() {
        assertThat(PgTime.ofMicros(0)).isEqualTo(Instant.parse("2000-01-01T00:00:00Z"));
        assertThat(PgTime.ofMicros(-1)).isEqualTo(Instant.parse("1999-12-31T23:59:59.999999Z"));
        assertThat(PgTime.toMicros(Instant.parse("2000-01-01T00:00:00.000001999Z")))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 848_000_000_000_000L, -848_000_000_000_000L})
    void microsecondsSurviveTheWayThereAndBack(long micros) {
        assertThat(PgTime.toMicros(PgTime.ofMicros(micros))).isEqualTo(micros);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Long.MIN_VALUE + 1, Long.MAX_VALUE, Long.MAX_VALUE - 1})
    void anyBitsAreATime(long bits) {
        assertThat(PgTime.toMicros(PgTime.ofMicros(bits))).isBetween(Long.MIN_VALUE, Long.MAX_VALUE);
        assertThat(PgTime.ofUnixSeconds(bits)).isNotNull();
    }
}
