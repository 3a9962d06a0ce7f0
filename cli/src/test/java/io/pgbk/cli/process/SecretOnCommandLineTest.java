package io.pgbk.cli.process;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.PgbkException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretOnCommandLineTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"--key", "-key", "--KEY=hush", "--passphrase=hush\nhush", "-Secret-Key=", "--new-passphrase"})
    void aSecretIsRefusedWithoutRepeatingIt(String argument) {
        assertThatThrownBy(() -> SecretOnCommandLine.refuse(List.of("info", argument, "hush")))
                .isInstanceOf(PgbkException.class)
                .hasMessageContaining(argument.split("=", -1)[0].toLowerCase(java.util.Locale.ROOT))
                .message()
                .doesNotContain("hush");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"key", "---key", "--key-file=/etc/pgbk/key", "--keys", "-", "", "=--key", "x--key", "--=key"})
    void whatIsNoSecretPasses(String argument) {
        assertThatCode(() -> SecretOnCommandLine.refuse(List.of(argument, "pg_wal/--key", "--", "--key")))
                .doesNotThrowAnyException();
    }
}
