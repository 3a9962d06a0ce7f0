package io.pgbk.cli.command;

import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pgbk delete}. */
@Command(
        name = "delete",
        description = {
            "Removes a backup from the catalogue; its data goes after a grace period of seven days, because a restore may be reading it.",
            "A pinned backup, one that others are built on, and one that a running job needs stay. A removal that was interrupted is finished by the same command."
        })
public final class DeleteCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "LABEL", description = "The backup.")
    private String label = "";

    @Option(names = "--force", description = "Also when it is the last good backup.")
    private boolean force;

    @Option(names = "--now", description = "Without the grace period; nothing may be reading it.")
    private boolean now;

    @Option(names = "--dry-run", description = "Checks everything, says what would go, and removes nothing.")
    private boolean dryRun;

    DeleteCommand(Session session) {
        this.session = session;
    }

    private record Answer(
            String label,
            boolean removed,
            @Nullable Instant removeAfter,
            long bytesFreed,
            Map<String, String> leftovers,
            boolean dryRun) {}

    @Override
    public Integer call() {
        Label backup = Label.require(label);
        if (dryRun) {
            long bytes = WithRepository.removal(
                    session, backup, cluster -> cluster.backups().examineDeletion(backup, force));
            session.console()
                    .answer(
                            new Answer(backup.value(), false, null, bytes, Map.of(), true),
                            List.of("would delete " + backup.value() + ", " + Units.bytes(bytes)
                                    + " in its own packs"));
            return 0;
        }
        BackupCatalog.Deletion deletion = WithRepository.removal(
                session,
                backup,
                cluster -> cluster.backups().delete(backup, now ? Duration.ZERO : BackupCatalog.GRACE, force));
        List<String> text = new ArrayList<>();
        text.add(
                deletion.removed()
                        ? "deleted " + backup.value() + ", " + Units.bytes(deletion.bytesFreed()) + " freed"
                        : "deleted " + backup.value() + "; its data goes after " + Units.time(deletion.removeAfter()));
        deletion.leftovers().forEach((key, reason) -> text.add("  could not remove " + key + ": " + reason));
        session.console()
                .answer(
                        new Answer(
                                backup.value(),
                                deletion.removed(),
                                deletion.removeAfter(),
                                deletion.bytesFreed(),
                                deletion.leftovers(),
                                false),
                        text);
        return 0;
    }
}
