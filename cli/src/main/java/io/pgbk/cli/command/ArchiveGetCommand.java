package io.pgbk.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What help and documentation say about {@code pgbk archive-get}; {@link io.pgbk.cli.hook.Hooks} runs it. */
@Command(
        name = "archive-get",
        aliases = "wal-fetch",
        description = {
            "Fetches a WAL file; for restore_command = 'pgbk archive-get %%f %%p'.",
            "Exit code 0: delivered; 1: proved absent; otherwise 100 on a standby, which asks again, and 255 in a recovery, which must stop."
        })
public final class ArchiveGetCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "The file's name, as PostgreSQL gives it for %%f.")
    @Nullable String name;

    @Parameters(index = "1", paramLabel = "DESTINATION", description = "Where it goes, as PostgreSQL gives it for %%p.")
    @Nullable Path destination;
}
