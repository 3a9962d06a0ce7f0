package io.pgbk.cli.command;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.process.Session;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code pgbk unpin}. */
@Command(name = "unpin", description = "Takes the protection of pin away.")
public final class UnpinCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "LABEL", description = "The backup.")
    private String label = "";

    UnpinCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Label backup = Label.require(label);
        WithRepository.backup(session, backup, cluster -> {
            cluster.backups().unpin(backup);
            return backup;
        });
        session.console()
                .answer(Map.of("label", backup.value(), "pinned", false), List.of("unpinned " + backup.value()));
        return 0;
    }
}
