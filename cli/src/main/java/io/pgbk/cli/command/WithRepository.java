package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import java.util.function.Function;

/** Opens the repository that a command works with, for the time of its work. */
final class WithRepository {
    private WithRepository() {}

    /** Works with the repository named by {@code --repository}, else the first one. */
    static <T> T repository(Session session, Function<Repository, T> work) {
        var configuration = session.configuration();
        Repositories repositories = new Repositories(configuration, session.process());
        try (Repository repository = repositories.open(configuration.repository(session.repositoryName()))) {
            return work.apply(repository);
        }
    }

    /** Works with the configured cluster in that repository. */
    static <T> T cluster(Session session, Function<ClusterCatalog, T> work) {
        return repository(
                session,
                repository ->
                        work.apply(new Repositories(session.configuration(), session.process()).cluster(repository)));
    }
}
