package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.info.InfoAssembler;
import io.pgbk.cli.info.InfoReport;
import io.pgbk.cli.info.InfoText;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code pgbk info}. */
@Command(
        name = "info",
        aliases = "list",
        description = "Shows what can be restored: recovery windows, backups with their sizes, WAL and its gaps.")
public final class InfoCommand implements Callable<Integer> {
    private final Session session;

    InfoCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Configuration configuration = session.configuration();
        Repositories repositories = new Repositories(configuration, session.process());
        ConsoleMonitor monitor = session.monitor();
        List<InfoReport.RepositoryInfo> infos = new ArrayList<>();
        try {
            for (ConfigurationRepository place : configuration.selected(session.repositoryName())) {
                try (Repository repository = repositories.open(place)) {
                    infos.add(new InfoAssembler(monitor).assemble(place.name(), repositories.cluster(repository)));
                }
            }
        } finally {
            monitor.finish();
        }
        InfoReport report = new InfoReport(configuration.cluster(), infos);
        session.console().answer(report, InfoText.lines(report));
        return 0;
    }
}
