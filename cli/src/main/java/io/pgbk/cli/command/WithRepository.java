package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Opens the repository that a command works with, for the time of its work. */
final class WithRepository {
    private WithRepository() {}

    /** Works with the repository named by {@code --repository}, else the first one. */
    static <T> T repository(Session session, Function<Repository, T> work) {
        var configuration = session.configuration();
        Repositories repositories = Repositories.of(session);
        try (Repository repository = repositories.open(configuration.repository(session.repositoryName()))) {
            return work.apply(repository);
        }
    }

    /**
     * Works with the configured cluster in the repository that lists a backup: the named one, else the first that does.
     *
     * @throws PgbkException NO_FITTING_BACKUP when none lists it; what a repository threw that could not be asked
     */
    static <T> T backup(Session session, Label label, Function<ClusterCatalog, T> work) {
        return first(session, cluster -> cluster.backups().require(label), work);
    }

    /** The same for {@code delete}, which also finishes a removal that was interrupted: such a backup is not listed. */
    static <T> T removal(Session session, Label label, Function<ClusterCatalog, T> work) {
        return first(session, cluster -> cluster.backups().requireListedOrHalfRemoved(label), work);
    }

    private static <T> T first(Session session, Consumer<ClusterCatalog> require, Function<ClusterCatalog, T> work) {
        var configuration = session.configuration();
        Repositories repositories = Repositories.of(session);
        List<PgbkException> failures = new ArrayList<>();
        for (ConfigurationRepository place : configuration.selected(session.repositoryName())) {
            Repository opened;
            try {
                opened = repositories.open(place);
            } catch (PgbkException e) {
                failures.add(e);
                continue;
            }
            try (Repository repository = opened) {
                ClusterCatalog cluster = repositories.cluster(repository);
                try {
                    require.accept(cluster);
                } catch (PgbkException e) {
                    failures.add(e);
                    continue;
                }
                return work.apply(cluster);
            }
        }
        // "Not listed" is true only when all could be asked.
        throw failures.stream()
                .filter(failure -> failure.code() != ErrorCode.NO_FITTING_BACKUP)
                .findFirst()
                .orElseGet(failures::getFirst);
    }

    /** Works with the configured cluster in that repository. */
    static <T> T cluster(Session session, Function<ClusterCatalog, T> work) {
        return repository(
                session, repository -> work.apply(Repositories.of(session).cluster(repository)));
    }
}
