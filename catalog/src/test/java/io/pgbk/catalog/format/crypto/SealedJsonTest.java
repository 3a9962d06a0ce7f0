package io.pgbk.catalog.format.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.TestRings;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SealedJsonTest {
    private static final String PATH = "repository.json";
    private static final String JSON = "{\n  \"format\": 1,\n  \"name\": \"größe\"\n}\n";

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aDocumentIsReadBackAsItWas(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] document = SealedJson.seal(ring, PATH, JSON);
        assertThat(SealedJson.open(ring, PATH, document)).isEqualTo(JSON);
        assertThat(SealedJson.peek(PATH, document)).isEqualTo(JSON);
        assertThat(SealedJson.claimsEncryption(PATH, document)).isEqualTo(encrypted);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void everyChangedByteIsDetected(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        byte[] document = SealedJson.seal(ring, PATH, JSON);
        for (int at = 0; at < document.length; at++) {
            byte[] changed = document.clone();
            changed[at] ^= 2;
            assertThatExceptionOfType(PgbkException.class)
                    .as("byte " + at)
                    .isThrownBy(() -> SealedJson.open(ring, PATH, changed))
                    .satisfies(e -> assertThat(e.code()).isIn(ErrorCode.OBJECT_DAMAGED, ErrorCode.KEY_WRONG));
        }
        assertThatExceptionOfType(PgbkException.class)
                .as("another path")
                .isThrownBy(() -> SealedJson.open(ring, "other.json", document));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aDocumentOfTheOtherSuiteIsAMismatch(boolean encrypted) {
        byte[] document = SealedJson.seal(TestRings.ring(encrypted), PATH, JSON);
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> SealedJson.open(TestRings.ring(!encrypted), PATH, document))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.ENCRYPTION_MISMATCH));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{\"mac\": \"x\"}", "[1]"})
    void whatIsNoSealedDocumentIsDamaged(String text) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> SealedJson.peek(PATH, text.getBytes(StandardCharsets.UTF_8)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }
}
