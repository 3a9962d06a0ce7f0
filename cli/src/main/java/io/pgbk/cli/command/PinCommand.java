package io.pgbk.cli.command;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.process.Session;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pgbk pin}. */
@Command(name = "pin", description = "Protects a backup from expiry and from delete until it is unpinned.")
public final class PinCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "LABEL", description = "The backup; pgbk info lists them.")
    private String label = "";

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for those who find the pin later.")
    private String reason = "";

    PinCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Label backup = Label.require(label);
        WithRepository.backup(session, backup, cluster -> {
            cluster.backups().pin(backup, reason);
            return backup;
        });
        session.console().answer(Map.of("label", backup.value(), "pinned", true), List.of("pinned " + backup.value()));
        return 0;
    }
}
