package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TablespaceMapTest {
    private static TablespaceMap parse(String text) {
        return TablespaceMap.parse(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void pathsWithEveryAwkwardCharacterSurvive() {
        TablespaceMap map = new TablespaceMap(List.of(
                new TablespaceMap.Entry(16392, "/srv/with space"),
                new TablespaceMap.Entry(-1, "/srv/back\\slash/and\nline\rbreaks\u00ff")));
        assertThat(new String(map.toBytes(), StandardCharsets.ISO_8859_1))
                .isEqualTo("16392 /srv/with space\n4294967295 /srv/back\\\\slash/and\\\nline\\\rbreaks\u00ff\n");
        assertThat(TablespaceMap.parse(map.toBytes())).isEqualTo(map);
    }

    @Test
    void anEmptyMapIsEmpty() {
        assertThat(parse("").entries()).isEmpty();
        assertThat(new TablespaceMap(List.of()).toBytes()).isEmpty();
    }

    @Test
    void linesMayEndAsOnWindows() {
        assertThat(parse("1 /a\r\n2 /b\r\n").entries())
                .containsExactly(new TablespaceMap.Entry(1, "/a"), new TablespaceMap.Entry(2, "/b"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x /a\n", "1\n", "1 \n", "0 /a\n", "1 /a", "1 /a\\", "99999999999 /a\n", " /a\n"})
    void bytesThatAreNoMapAreRefused(String text) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> parse(text))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }

    @Test
    void aLineLongerThanTheServerTakesIsRefused() {
        assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> parse("1 /" + "x".repeat(1100) + "\n"));
    }
}
