package io.pgbk.cli.command;

import io.pgbk.archiver.push.PushReport;
import io.pgbk.archiver.push.PushRequest;
import io.pgbk.archiver.push.PushRunner;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.archiver.push.Resolution;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalNameReport;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** What {@code pgbk wal resolve} does: nothing is removed, and every decision can be changed by a later one. */
final class WalResolution {
    private final Session session;
    private final WalSegmentName segment;

    /** What holds now in one repository. */
    record Place(String repository, String delivered, List<String> variants) {}

    WalResolution(Session session, WalSegmentName segment) {
        this.session = session;
        this.segment = segment;
    }

    /**
     * Chooses one of the contents that are archived, in every repository that has it.
     *
     * @throws PgbkException OBJECT_MISSING when no repository has it
     */
    List<Place> choose(String variant, String reason) {
        List<Place> places = new ArrayList<>();
        @Nullable PgbkException missing = null;
        Configuration configuration = session.configuration();
        Repositories repositories = Repositories.of(session);
        for (ConfigurationRepository place : configuration.selected(session.repositoryName())) {
            try (Repository repository = repositories.open(place)) {
                ClusterCatalog cluster = repositories.cluster(repository);
                WalArchive wal = cluster.wal(cluster.newestIncarnation());
                wal.resolve(segment, variant, reason);
                places.add(place(place.name(), wal));
            } catch (PgbkException e) {
                if (e.code() != ErrorCode.OBJECT_MISSING) {
                    throw e;
                }
                missing = e;
            }
        }
        if (places.isEmpty() && missing != null) {
            throw missing;
        }
        return places;
    }

    /**
     * Keeps a segment that archive-push refuses beside the archived one, in every repository.
     *
     * @param file where it is; its name is the segment's
     */
    List<Place> keep(Path file, boolean deliverKept, String reason, ConsoleMonitor monitor) {
        Configuration configuration = session.configuration();
        Repositories repositories = Repositories.of(session);
        ConcurrentLinkedQueue<Repository> opened = new ConcurrentLinkedQueue<>();
        try {
            List<PushTarget> targets = configuration.repositories().stream()
                    .map(place -> new PushTarget(place.name(), place.isRequired(), () -> {
                        Repository repository = repositories.open(place);
                        opened.add(repository);
                        return repositories.cluster(repository);
                    }))
                    .toList();
            PushReport report = new PushRunner(
                            targets,
                            configuration.settings().span("archive-deadline").orElseThrow(),
                            session.process().nanoTime())
                    .resolve(
                            new PushRequest(
                                    file.toString(),
                                    session.process().workingDirectory(),
                                    configuration.dataDirectory().orElse(null)),
                            new Resolution(deliverKept, reason),
                            monitor);
            List<Place> places = new ArrayList<>();
            for (PushReport.TargetResult target : report.targets()) {
                switch (target) {
                    case PushReport.TargetResult.Archived(String name, var _) ->
                        places.add(placeIn(configuration, repositories, name));
                    case PushReport.TargetResult.Postponed postponed ->
                        monitor.warn("not yet in repository " + postponed.repository() + ": "
                                + postponed.failure().getMessage());
                    case PushReport.TargetResult.Resting resting ->
                        monitor.warn("not yet in repository " + resting.repository());
                }
            }
            return places;
        } finally {
            opened.forEach(Repository::close);
        }
    }

    private Place placeIn(Configuration configuration, Repositories repositories, String name) {
        ConfigurationRepository place = configuration.repositories().stream()
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElseThrow();
        try (Repository repository = repositories.open(place)) {
            ClusterCatalog cluster = repositories.cluster(repository);
            return place(name, cluster.wal(cluster.newestIncarnation()));
        }
    }

    private Place place(String repository, WalArchive wal) {
        WalNameReport report = wal.show(new WalFileName.Segment(segment));
        return new Place(
                repository,
                report.delivered()
                        .map(WalObject::variant)
                        .map(WalResolution::shown)
                        .orElse(""),
                report.variants().stream()
                        .map(variant -> shown(variant.object().variant()))
                        .toList());
    }

    /** A variant as people write it. */
    static String shown(String variant) {
        return variant.isEmpty() ? WalCommand.ORIGINAL : variant;
    }
}
