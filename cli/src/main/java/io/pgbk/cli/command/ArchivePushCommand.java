package io.pgbk.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What help and documentation say about {@code pgbk archive-push}; {@link io.pgbk.cli.hook.Hooks} runs it. */
@Command(
        name = "archive-push",
        aliases = "wal-push",
        description = {
            "Puts a WAL file into every repository; for archive_command = 'pgbk archive-push %%p'.",
            "Succeeds only when every required repository has it, durable and confirmed."
        })
public final class ArchivePushCommand {
    @Parameters(paramLabel = "PATH", description = "The file, as PostgreSQL gives it for %%p.")
    @Nullable Path path;
}
