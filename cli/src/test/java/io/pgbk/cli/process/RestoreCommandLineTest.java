package io.pgbk.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hazard: restore_command goes through PostgreSQL's placeholders and then through a shell. */
class RestoreCommandLineTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/opt/pgbk/bin/pgbk",
                "/opt/pg bk/bin/pgbk",
                "/srv/o'brien/'quoted'/x",
                "/srv/\"double\"/$HOME/`id`/x",
                "/srv/100%/%f/%p/%%/x",
                "/srv/back\\slash/*?[a]/;&|<>(){}#!~/x",
                "relative",
                "-dash",
                ""
            })
    void theShellGetsThePathAsItIsWhatEverIsInIt(String path) throws Exception {
        String command = placeholders("echo " + RestoreCommandLine.quote(path));

        Process shell = new ProcessBuilder("bash", "-c", command).start();
        String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(shell.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(said).isEqualTo(path + "\n");
    }

    /** What PostgreSQL does with the setting: %f, %p and %r are filled in, %% becomes %. */
    private static String placeholders(String command) {
        return Pattern.compile("%([fpr%])")
                .matcher(command)
                .replaceAll(match -> match.group(1).equals("%") ? "%" : "FILLED-IN");
    }

    @Test
    void plainPathsStayReadable() {
        assertThat(RestoreCommandLine.quote("/usr/local/bin/pgbk")).isEqualTo("/usr/local/bin/pgbk");
        assertThat(RestoreCommandLine.quote("/etc/a b")).isEqualTo("'/etc/a b'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/srv/a\nb", "/srv/a\rb", "/srv/a\0b"})
    void aLineBreakWhichPostgresCannotStoreIsRefused(String path) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> RestoreCommandLine.quote(path))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIGURATION))
                .withMessageContaining("line break");
    }
}
