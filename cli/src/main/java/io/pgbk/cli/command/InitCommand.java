package io.pgbk.cli.command;

import io.pgbk.catalog.repository.InitResult;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.cli.check.VersionsCheck;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.cli.wiring.Server;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.SameServer;
import io.pgbk.postgres.server.ServerFacts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pgbk init}. */
@Command(
        name = "init",
        description = {
            "Creates the repositories and the cluster in them, or joins what is there; may be repeated.",
            "On a standby there is nothing to do."
        })
public final class InitCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final Session session;

    @Option(names = "--wait", description = "Waits up to ten minutes for PostgreSQL and the store to answer.")
    private boolean wait;

    @Option(
            names = "--upgrade",
            description = "After pg_upgrade: adds the new incarnation of the cluster; backups of the old one stay.")
    private boolean upgrade;

    InitCommand(Session session) {
        this.session = session;
    }

    private record Answer(String cluster, boolean standby, List<Place> repositories) {}

    private record Place(
            String name,
            String url,
            boolean encrypted,
            boolean created,
            int incarnation,
            boolean incarnationCreated,
            String systemIdentifier,
            int postgresVersion) {}

    @Override
    public Integer call() {
        Configuration configuration = session.configuration();
        ServerFacts facts = patiently(() -> facts(configuration));
        if (facts.inRecovery()) {
            session.console()
                    .answer(
                            new Answer(configuration.cluster(), true, List.of()),
                            List.of("this server is a standby: there is nothing to do, init runs on the primary"));
            return 0;
        }
        List<Place> places = new ArrayList<>();
        for (ConfigurationRepository repository : configuration.selected(session.repositoryName())) {
            places.add(patiently(() -> initialise(repository, Server.identity(facts))));
        }
        session.console()
                .answer(
                        new Answer(configuration.cluster(), false, places),
                        places.stream().map(place -> text(configuration, place)).toList());
        return 0;
    }

    private static ServerFacts facts(Configuration configuration) {
        try (PostgresConnection connection = PostgresConnection.open(Server.config(configuration))) {
            ServerFacts facts = connection.facts();
            SameServer.prove(connection, facts, configuration.requireDataDirectory());
            return facts;
        }
    }

    private Place initialise(ConfigurationRepository place, ServerIdentity identity) {
        Repositories repositories = Repositories.of(session);
        InitResult result = repositories.initialise(place);
        try (Repository repository = result.repository()) {
            ClusterCatalog cluster = repositories.cluster(repository);
            VersionsCheck.of("versions", repository.store().versioning())
                    .ifPresent(check -> session.console()
                            .warn("repository " + place.name() + ": " + check.message() + ". " + check.hint()));
            ClusterCatalog.Joined joined = upgrade ? cluster.upgrade(identity) : cluster.join(identity);
            return new Place(
                    place.name(),
                    repository.displayName(),
                    repository.encrypted(),
                    result.created(),
                    joined.incarnation().number(),
                    joined.created(),
                    identity.systemIdentifierText(),
                    identity.majorVersion());
        }
    }

    private static String text(Configuration configuration, Place place) {
        return (place.created() ? "created repository " : "found repository ") + place.name() + " at " + place.url()
                + (place.encrypted() ? ", encrypted" : ", NOT encrypted") + "\n"
                + (place.incarnationCreated() ? "added cluster " : "cluster ") + configuration.cluster()
                + (place.incarnationCreated() ? "" : " is there") + ": incarnation " + place.incarnation()
                + ", PostgreSQL " + place.postgresVersion() + ", system identifier " + place.systemIdentifier();
    }

    private <T> T patiently(Callable<T> work) {
        long end = session.process().nanoTime().getAsLong() + PATIENCE.toNanos();
        while (true) {
            try {
                return work.call();
            } catch (PgbkException e) {
                boolean passing =
                        e.code() == ErrorCode.POSTGRES_UNSUITABLE || e.code() == ErrorCode.REPOSITORY_UNREACHABLE;
                if (!wait || !passing || session.process().nanoTime().getAsLong() - end >= 0) {
                    throw e;
                }
                session.console().debug("waiting: " + e.getMessage());
                pause();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void pause() {
        session.process().stop().check();
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while waiting", null, e);
        }
        session.process().stop().check();
    }
}
