package io.pgbk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The process itself: a signal ends a command by its own way, and its arguments hold no secret. */
class SignalTest {
    @TempDir
    Path directory;

    @Test
    @Timeout(60)
    void aSignalEndsAWaitingCommandWithItsOwnExitCodeAndMessage() throws Exception {
        Path config = Files.writeString(directory.resolve("pgbk.yaml"), """
                cluster: main
                postgres: {data-directory: %s, host: %s}
                repositories: [{url: "file://%s"}]
                """.formatted(directory, directory, directory));
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "io.pgbk.cli.Main",
                "--config",
                config.toString(),
                "init",
                "--wait",
                "-v");
        builder.environment().put("PGBK_REPOSITORIES_0_ENCRYPTION_PASSPHRASE", "correct horse");
        Process process = builder.start();
        try (BufferedReader errors =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            String line = errors.readLine();
            while (line != null && !line.startsWith("debug: waiting: ")) {
                line = errors.readLine();
            }
            assertThat(line).as("it waits for the server").isNotNull();
            assertThat(Files.readString(Path.of("/proc/" + process.pid() + "/cmdline")))
                    .doesNotContain("correct horse");
            process.toHandle().destroy();

            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(80);
            assertThat(errors.lines()).anyMatch("error: stopped by a signal"::equals);
        } finally {
            process.destroyForcibly();
        }
    }
}
