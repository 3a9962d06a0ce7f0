package io.pgbk.cli.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.cli.InProcess;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.output.StopRequest;
import io.pgbk.cli.process.ProcessContext;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {
    /** Root installs packages with the environment of whoever called it. */
    @Test
    void hazardTheEnvironmentOfWhoInstallsDoesNotLeadTheRehearsalToRealRepositories(@TempDir Path folder)
            throws Exception {
        Path file = Files.writeString(folder.resolve("sample.yaml"), """
                cluster: rehearsal
                postgres:
                  data-directory: /nonexistent
                repositories:
                  - name: sample
                    url: file:///sample
                    encryption: none
                """);
        ProcessContext process = InProcess.process(
                folder,
                Map.of("PGBK_REPOSITORIES_0_URL", "s3://production/pg", "PGBK_CLUSTER", "main", "PGBK_OTHER", "x"),
                new StopRequest(),
                Clock.systemUTC(),
                new ByteArrayOutputStream(),
                new ByteArrayOutputStream());

        Configuration rehearsed =
                Rehearsal.inDirectory(process, folder).configurations().load(Optional.of(file), Optional.empty());

        assertThat(rehearsed.cluster()).isEqualTo("rehearsal");
        assertThat(rehearsed.repositories().getFirst().url()).isEqualTo("file:///sample");
    }
}
