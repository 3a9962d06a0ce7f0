package io.pgbk.archiver.backup;

import io.pgbk.archiver.backup.BackupPlanner.Kind;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.backup.BackupCatalog.BackupStart;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.RollUpWriter;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.SameServer;
import io.pgbk.postgres.server.ServerFacts;
import io.pgbk.postgres.server.WalPosition;
import io.pgbk.task.TaskMonitor;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Takes backups of one cluster into one repository.
 *
 * <p>In this order: everything that can be refused is refused; the parent is chosen and held; the label and the cluster's backup lease are taken; the
 * server begins the backup; archiving is proved; the files are copied; the server ends the backup; the manifest is
 * written; all WAL from start to stop is proved present; the summary is created. Before that last step nothing is
 * listed, and whatever fails or stops the run ends the server's backup mode, aborts uploads and releases the lease.
 */
public final class BackupRunner {
    private static final Kind FULL = new Kind(BackupType.FULL, Optional.empty(), Optional.empty());

    private final PostgresConfig postgres;
    private final ClusterCatalog cluster;
    private final BackupSettings settings;
    private final BackupOrigin origin;
    private final int sampleOneIn;
    private final PackTails tails;

    public BackupRunner(PostgresConfig postgres, ClusterCatalog cluster, BackupSettings settings, BackupOrigin origin) {
        this(postgres, cluster, settings, origin, PackTails.NONE);
    }

    /** @param tails keeps packs' indexes on this host, so that the next backup need not fetch them */
    public BackupRunner(
            PostgresConfig postgres,
            ClusterCatalog cluster,
            BackupSettings settings,
            BackupOrigin origin,
            PackTails tails) {
        this(postgres, cluster, settings, origin, SummaryGuide.SAMPLE_ONE_IN, tails);
    }

    /** @param sampleOneIn how many of the windows that WAL summaries do not list are read: one of so many */
    BackupRunner(
            PostgresConfig postgres,
            ClusterCatalog cluster,
            BackupSettings settings,
            BackupOrigin origin,
            int sampleOneIn,
            PackTails tails) {
        this.postgres = postgres;
        this.cluster = cluster;
        this.settings = settings;
        this.origin = origin;
        this.sampleOneIn = sampleOneIn;
        this.tails = tails;
    }

    /**
     * Takes a backup.
     *
     * @throws PgbkException POSTGRES_UNSUITABLE, ARCHIVING_BROKEN, ROLE_CHANGED, OTHER_CLUSTER, HELD_BY_ANOTHER,
     *     INTERRUPTED, and what the repository throws; no backup is listed then
     */
    public BackupOutcome run(BackupRequest request, TaskMonitor monitor) {
        RepositoryRuntime runtime = cluster.repository().runtime();
        long started = runtime.monotonic().nanoTime();
        try (PostgresConnection connection = PostgresConnection.open(postgres)) {
            ServerFacts server = connection.facts();
            if (request.ifPrimary() && server.inRecovery()) {
                return new BackupOutcome.NothingToDo("the server is a standby");
            }
            Incarnation incarnation = examine(connection, server, request, monitor);
            ServerLine line = new ServerLine(postgres.dataDirectory(), cluster.wal(incarnation));
            if (request.type() == BackupType.FULL) {
                return new BackupOutcome.Taken(
                        take(connection, server, incarnation, request, FULL, Optional.empty(), line, started, monitor));
            }
            return switch (new ParentFinder(connection, cluster, incarnation, line, monitor).find(request.type())) {
                case ParentFinder.Found.None(String reason) -> {
                    monitor.warn("taking a full backup: " + reason);
                    Kind kind = new Kind(BackupType.FULL, Optional.empty(), Optional.of(reason));
                    yield new BackupOutcome.Taken(take(
                            connection, server, incarnation, request, kind, Optional.empty(), line, started, monitor));
                }
                case ParentFinder.Found.Parent(ParentBackup parent) -> {
                    try (parent) {
                        Kind kind = new Kind(request.type(), Optional.of(parent.label()), Optional.empty());
                        yield new BackupOutcome.Taken(take(
                                connection,
                                server,
                                incarnation,
                                request,
                                kind,
                                Optional.of(parent),
                                line,
                                started,
                                monitor));
                    }
                }
            };
        }
    }

    private BackupResult take(
            PostgresConnection connection,
            ServerFacts server,
            Incarnation incarnation,
            BackupRequest request,
            Kind kind,
            Optional<ParentBackup> parent,
            ServerLine line,
            long started,
            TaskMonitor monitor) {
        BackupPlan plan = BackupPlanner.plan(
                kind,
                server,
                postgres.dataDirectory(),
                incarnation,
                settings,
                cluster.repository().runtime().compression(),
                monitor);
        BackupStart start = new BackupStart(
                kind.type(),
                incarnation,
                kind.parent(),
                parent.map(ParentBackup::needs).orElseGet(Set::of),
                neededWal(connection, server, incarnation),
                settings.holderDeadline());
        BackupResult result;
        try (BackupWriter writer = cluster.backups().begin(start)) {
            BackupExecution execution = new BackupExecution(
                    plan,
                    parent,
                    line,
                    server,
                    connection,
                    cluster,
                    writer,
                    settings,
                    origin,
                    request.annotations(),
                    sampleOneIn,
                    tails,
                    monitor);
            result = execution.run(started);
        }
        // Behind the commit, with the lease given back: what the WAL indexes say is bundled for those who ask.
        new RollUpWriter(cluster.wal(incarnation), monitor).run(List.of());
        return result;
    }

    /**
     * WAL that the backup will need at most. A primary begins it with a checkpoint, so with WAL that is not written yet; a
     * standby with its last restart point, which is not known here.
     */
    private static Optional<Holds.WalRange> neededWal(
            PostgresConnection connection, ServerFacts server, Incarnation incarnation) {
        if (server.inRecovery()) {
            return Optional.empty();
        }
        WalPosition position = connection.walPosition();
        return Optional.of(
                new Holds.WalRange(incarnation.number(), position.timeline(), position.lsn(), Optional.empty()));
    }

    private Incarnation examine(
            PostgresConnection connection, ServerFacts server, BackupRequest request, TaskMonitor monitor) {
        List<BackupPreflight.Finding> findings = BackupPreflight.check(server, request.standby());
        for (BackupPreflight.Finding finding : findings) {
            if (!finding.fatal()) {
                monitor.warn(finding.message() + "; " + finding.hint());
            }
        }
        BackupPreflight.require(findings);
        SameServer.prove(connection, server, postgres.dataDirectory());
        return cluster.incarnationOf(new ServerIdentity(
                server.systemIdentifier(),
                server.version().major(),
                server.catalogVersion(),
                server.walSegmentSize(),
                server.blockBytes()));
    }
}
