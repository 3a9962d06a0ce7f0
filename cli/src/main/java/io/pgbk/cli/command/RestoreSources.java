package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.get.GetSource;
import io.pgbk.restore.run.RestorePlan;
import io.pgbk.restore.run.RestorePreparation;
import io.pgbk.restore.run.RestoreReport;
import io.pgbk.restore.run.RestoreRequest;
import io.pgbk.restore.run.RestoreRunner;
import io.pgbk.restore.target.RecoveryTarget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Restores from the first of the configured repositories that can do it, in their order; for the end of the archive from
 * the one that knows the newest timeline, because one that missed it would lead back to an older line. What a repository
 * lacks or cannot deliver is told, and the next one goes on.
 */
final class RestoreSources implements AutoCloseable {
    private final Session session;
    private final ConsoleMonitor monitor;
    private final Repositories repositories;
    private final List<ConfigurationRepository> chosen;
    private final List<ConfigurationRepository> left;
    private final List<Failure> failures = new ArrayList<>();
    private final Set<ConfigurationRepository> told = new HashSet<>();
    private final List<Repository> opened = new ArrayList<>();

    /** A plan and where it is carried out from. */
    record Source(ConfigurationRepository place, ClusterCatalog cluster, RestorePlan plan) {}

    /** A restore that is done. */
    record Restored(Source source, RestoreReport report) {}

    private record Failure(ConfigurationRepository place, PgbkException cause) {}

    RestoreSources(Session session, ConsoleMonitor monitor) {
        this.session = session;
        this.monitor = monitor;
        this.repositories = Repositories.of(session);
        this.chosen = session.configuration().selected(session.repositoryName());
        this.left = new ArrayList<>(chosen);
    }

    /**
     * The plan of the repository to restore from; nothing is written.
     *
     * @throws PgbkException what the only repository, or the first one, threw when none has a plan; at once what another
     *     repository cannot cure
     */
    Source prepare(RestoreRequest request) {
        boolean all = request.goal().target() instanceof RecoveryTarget.Latest;
        List<Source> sources = new ArrayList<>();
        while (!left.isEmpty() && (all || sources.isEmpty())) {
            attempt(left.removeFirst(), request, sources);
        }
        if (sources.isEmpty()) {
            throw together();
        }
        Source best = sources.stream()
                .max(Comparator.comparing(
                        (Source source) -> source.plan().recovery().timeline(), Integer::compareUnsigned))
                .map(newest -> first(sources, newest.plan().recovery().timeline()))
                .orElseThrow();
        sources.stream()
                .filter(source -> !source.equals(best))
                .filter(source -> source.plan().recovery().timeline()
                        != best.plan().recovery().timeline())
                .forEach(source -> monitor.warn("repository " + source.place().name()
                        + " knows the cluster up to timeline "
                        + Integer.toUnsignedString(source.plan().recovery().timeline())
                        + " only; restoring from repository " + best.place().name()));
        // The others can still go on when this one fails.
        sources.stream().filter(source -> !source.equals(best)).forEach(source -> left.add(source.place()));
        tellWhomRecoveryAsks();
        return best;
    }

    /**
     * archive-get takes a file for absent only when all configured repositories say so: one that is gone keeps the
     * restored server from reaching its target, which is better known before it is started.
     */
    private void tellWhomRecoveryAsks() {
        for (ConfigurationRepository place : session.configuration().repositories()) {
            Optional<String> why = chosen.contains(place)
                    ? failures.stream()
                            .filter(failure -> failure.place().equals(place) && GetSource.isShut(failure.cause()))
                            .map(failure ->
                                    "cannot be used now (" + failure.cause().getMessage() + ")")
                            .findFirst()
                    : Optional.of("was not looked at");
            if (why.isPresent() && told.add(place)) {
                monitor.warn("PostgreSQL's recovery asks repository " + place.name() + " as well, which " + why.get()
                        + ": when it is gone for good, take it out of the configuration before the server is started");
            }
        }
    }

    /**
     * Carries the plan out; when its repository cannot deliver, the next one that can goes on in the same directory.
     *
     * @throws PgbkException what the repository threw when there is no other one
     */
    Restored run(Source first, RestoreRequest request) {
        Source source = first;
        while (true) {
            try {
                source.plan().notes().forEach(monitor::warn);
                return new Restored(
                        source,
                        new RestoreRunner(source.cluster(), session.process().clock()).run(source.plan(), monitor));
            } catch (PgbkException e) {
                if (left.isEmpty() || !mayBeCuredElsewhere(e.code())) {
                    throw e;
                }
                failed(source.place(), e);
                source = prepare(request.continued());
                monitor.warn("going on from repository " + source.place().name() + " with backup "
                        + source.plan().label());
            }
        }
    }

    private static Source first(List<Source> sources, int timeline) {
        return sources.stream()
                .filter(source -> source.plan().recovery().timeline() == timeline)
                .findFirst()
                .orElseThrow();
    }

    private void attempt(ConfigurationRepository place, RestoreRequest request, List<Source> sources) {
        try {
            Repository repository = repositories.open(place);
            opened.add(repository);
            ClusterCatalog cluster = repositories.cluster(repository);
            RestorePlan plan =
                    new RestorePreparation(cluster, request, session.process().clock(), monitor).prepare();
            sources.add(new Source(place, cluster, plan));
        } catch (PgbkException e) {
            if (!mayBeCuredElsewhere(e.code())) {
                throw e;
            }
            failed(place, e);
        }
    }

    private void failed(ConfigurationRepository place, PgbkException cause) {
        failures.add(new Failure(place, cause));
        if (!left.isEmpty()) {
            monitor.warn("repository " + place.name() + " cannot be used for this restore, trying the next one: "
                    + cause.getMessage());
        }
    }

    private PgbkException together() {
        PgbkException first = failures.getFirst().cause();
        if (failures.size() == 1) {
            return first;
        }
        String message = failures.stream()
                .map(failure -> "repository " + failure.place().name() + ": "
                        + failure.cause().getMessage())
                .collect(Collectors.joining("; "));
        return new PgbkException(first.code(), message, first.hint(), first);
    }

    /** Whether it says something about the repository, and not about the request, the target directory or this host. */
    private static boolean mayBeCuredElsewhere(ErrorCode code) {
        return switch (code) {
            case REPOSITORY_NOT_INITIALISED,
                    REPOSITORY_UNREACHABLE,
                    PERMISSION_DENIED,
                    STORE_UNSAFE,
                    FORMAT_TOO_NEW,
                    KEY_WRONG,
                    ENCRYPTION_MISMATCH,
                    TIMELINE_CONFLICT,
                    OBJECT_DAMAGED,
                    OBJECT_MISSING,
                    WAL_GAP,
                    TARGET_UNREACHABLE,
                    NO_FITTING_BACKUP -> true;
            case NEGATIVE_VERDICT,
                    USAGE,
                    CONFIGURATION,
                    OTHER_CLUSTER,
                    WAL_CONFLICT,
                    WAL_INVALID,
                    POSTGRES_UNSUITABLE,
                    ARCHIVING_BROKEN,
                    ROLE_CHANGED,
                    PAGE_CHECKSUM,
                    TARGET_UNSUITABLE,
                    NO_SPACE,
                    TABLESPACE_CONFLICT,
                    HELD_BY_ANOTHER,
                    REFUSED_BY_POLICY,
                    INTERRUPTED,
                    INTERNAL -> false;
        };
    }

    @Override
    public void close() {
        opened.forEach(Repository::close);
    }
}
