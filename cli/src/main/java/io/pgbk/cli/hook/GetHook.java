package io.pgbk.cli.hook;

import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.restore.get.ArchiveGet;
import io.pgbk.restore.get.GetResult;
import io.pgbk.restore.get.GetSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code pgbk archive-get}: fetches one WAL file from the first repository that has it. */
final class GetHook {
    private GetHook() {}

    static HookResult run(HookCall call, Session session) {
        Configuration configuration = session.configuration();
        Repositories repositories = new Repositories(configuration, session.process());
        List<Repository> opened = new ArrayList<>();
        try {
            // All repositories, whatever --repository says: absence is proved only where all were asked.
            List<GetSource> sources = configuration.repositories().stream()
                    .map(place -> new GetSource(place.name(), () -> open(repositories, place, opened)))
                    .toList();
            GetResult result = new ArchiveGet(
                            sources,
                            configuration.settings().span("history-deadline").orElseThrow(),
                            MonotonicTime.SYSTEM,
                            new HookMonitor(session.console(), session.process().stop()))
                    .get(
                            call.operands().get(0),
                            Path.of(call.operands().get(1)),
                            session.process().workingDirectory());
            return switch (result) {
                case GetResult.Delivered delivered -> {
                    session.console().debug(delivered.name() + " from " + delivered.repository());
                    yield new HookResult.Done();
                }
                case GetResult.ProvedAbsent absent -> {
                    session.console().debug(absent.name() + " is in no repository");
                    yield new HookResult.Absent();
                }
            };
        } finally {
            synchronized (opened) {
                opened.forEach(Repository::close);
            }
        }
    }

    private static ClusterCatalog open(
            Repositories repositories, ConfigurationRepository place, List<Repository> opened) {
        ClusterCatalog cluster = repositories.openCluster(place);
        synchronized (opened) {
            opened.add(cluster.repository());
        }
        return cluster;
    }
}
