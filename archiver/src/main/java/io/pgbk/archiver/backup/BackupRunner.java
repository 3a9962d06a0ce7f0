package io.pgbk.archiver.backup;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.backup.BackupCatalog.BackupStart;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.SameServer;
import io.pgbk.postgres.server.ServerFacts;
import io.pgbk.task.TaskMonitor;
import java.util.List;
import java.util.Optional;

/**
 * Takes full backups of one cluster into one repository.
 *
 * <p>In this order: everything that can be refused is refused; the label and the cluster's backup lease are taken; the
 * server begins the backup; archiving is proved; the files are copied; the server ends the backup; the manifest is
 * written; all WAL from start to stop is proved present; the summary is created. Before that last step nothing is
 * listed, and whatever fails or stops the run ends the server's backup mode, aborts uploads and releases the lease.
 */
public final class BackupRunner {
    private final PostgresConfig postgres;
    private final ClusterCatalog cluster;
    private final BackupSettings settings;
    private final BackupOrigin origin;

    public BackupRunner(PostgresConfig postgres, ClusterCatalog cluster, BackupSettings settings, BackupOrigin origin) {
        this.postgres = postgres;
        this.cluster = cluster;
        this.settings = settings;
        this.origin = origin;
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
            BackupPlan plan = BackupPlanner.plan(
                    server, postgres.dataDirectory(), incarnation, settings, runtime.compression(), monitor);
            BackupStart start =
                    new BackupStart(BackupType.FULL, incarnation, Optional.empty(), settings.holderDeadline());
            try (BackupWriter writer = cluster.backups().begin(start)) {
                BackupExecution execution = new BackupExecution(
                        plan, server, connection, cluster, writer, settings, origin, request.annotations(), monitor);
                return new BackupOutcome.Taken(execution.run(started));
            }
        }
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
