package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.info.InfoAssembler;
import io.pgbk.cli.info.InfoReport;
import io.pgbk.cli.info.InfoText;
import io.pgbk.cli.info.LagInfo;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.ErrorReport;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Instant;
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
        Repositories repositories = Repositories.of(session);
        ConsoleMonitor monitor = session.monitor();
        List<ConfigurationRepository> places = configuration.selected(session.repositoryName());
        List<InfoReport.RepositoryInfo> infos = new ArrayList<>();
        List<PgbkException> failures = new ArrayList<>();
        Instant now = session.process().clock().instant();
        try {
            for (ConfigurationRepository place : places) {
                try (Repository repository = repositories.open(place)) {
                    ClusterCatalog cluster = repositories.cluster(repository);
                    infos.add(new InfoAssembler(monitor, now)
                            .assemble(place.name(), cluster)
                            .with(LagInfo.of(configuration, repositories, place, cluster)));
                } catch (PgbkException e) {
                    if (e.code() == ErrorCode.INTERRUPTED || places.size() == 1) {
                        throw e;
                    }
                    failures.add(e);
                    infos.add(failed(place, e));
                }
            }
        } finally {
            monitor.finish();
        }
        // When nobody answers, that is the answer.
        if (failures.size() == places.size()) {
            throw failures.getFirst();
        }
        InfoReport report = new InfoReport(configuration.cluster(), now, infos);
        session.console().answer(report, InfoText.lines(report));
        failures.forEach(failure -> ErrorReport.of(failure).print(session.console()));
        return failures.isEmpty() ? 0 : failures.getFirst().code().exit();
    }

    private static InfoReport.RepositoryInfo failed(ConfigurationRepository place, PgbkException failure) {
        return InfoReport.RepositoryInfo.failed(
                place.name(),
                place.url(),
                place.isEncrypted(),
                failure.code().id(),
                String.valueOf(failure.getMessage()));
    }
}
