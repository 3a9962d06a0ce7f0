package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.WalPosition;
import io.pgbk.task.TaskMonitor;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds the backup that a differential or incremental one is built on, holds it, and proves that it can be used. */
final class ParentFinder {
    private final PostgresConnection connection;
    private final ClusterCatalog cluster;
    private final Incarnation incarnation;
    private final ServerLine line;
    private final TaskMonitor monitor;

    ParentFinder(
            PostgresConnection connection,
            ClusterCatalog cluster,
            Incarnation incarnation,
            ServerLine line,
            TaskMonitor monitor) {
        this.connection = connection;
        this.cluster = cluster;
        this.incarnation = incarnation;
        this.line = line;
        this.monitor = monitor;
    }

    /** What came of it. */
    sealed interface Found {
        /** A parent, to be closed when the backup has ended. */
        record Parent(ParentBackup backup) implements Found {}

        /**
         * There is none: a full backup is to be taken.
         *
         * @param reason why, for people
         */
        record None(String reason) implements Found {}
    }

    /**
     * Finds a parent.
     *
     * @param type differential or incremental
     * @throws PgbkException what the repository and the server throw
     */
    Found find(BackupType type) {
        WalPosition position = connection.walPosition();
        Optional<TimelineHistory> history = line.history(position.timeline());
        if (history.isEmpty()) {
            return new Found.None("the history of timeline " + Integer.toUnsignedString(position.timeline())
                    + " is neither in pg_wal nor in the repository");
        }
        ParentChooser.Server server = new ParentChooser.Server(incarnation.number(), history.get(), position.lsn());
        List<BackupRecord> backups = cluster.backups().list();
        return switch (ParentChooser.choose(type, backups, server)) {
            case ParentChooser.Choice.None(String reason) -> new Found.None(reason);
            case ParentChooser.Choice.Parent(BackupRecord backup) -> open(backup, backups, server);
        };
    }

    private Found open(BackupRecord backup, List<BackupRecord> backups, ParentChooser.Server server) {
        Set<Label> labels = new HashSet<>();
        labels.add(backup.label());
        labels.addAll(backup.owners());
        Holds.Hold hold;
        try {
            hold = cluster.holds()
                    .take(
                            new Holds.HoldRequest("parent of a backup", labels, Optional.empty()),
                            ParentBackup.HOLD_VALIDITY);
        } catch (PgbkException e) {
            return without(backup, e, ErrorCode.NO_FITTING_BACKUP);
        }
        try {
            ManifestReader manifest = manifest(backup);
            BitSet usable = new PackInspection(cluster, backups, monitor).usable(manifest.packs());
            return new Found.Parent(new ParentBackup(
                    backup,
                    backups,
                    server,
                    manifest,
                    usable,
                    hold,
                    cluster.repository().runtime().monotonic()));
        } catch (PgbkException e) {
            hold.close();
            return without(backup, e, ErrorCode.OBJECT_DAMAGED, ErrorCode.OBJECT_MISSING);
        } catch (RuntimeException | Error e) {
            hold.close();
            throw e;
        }
    }

    private ManifestReader manifest(BackupRecord backup) {
        Repository repository = cluster.repository();
        cluster.backups().requireManifest(backup);
        return ManifestReader.open(
                repository.store(),
                repository.keys(),
                cluster.backups().manifestKey(backup),
                backup.manifest().storedBytes());
    }

    /** A full backup repairs what is the matter with the parent; other failures would meet it as well. */
    private static Found without(BackupRecord backup, PgbkException cause, ErrorCode... expected) {
        if (!List.of(expected).contains(cause.code())) {
            throw cause;
        }
        return new Found.None("backup " + backup.label() + " cannot be built on: " + cause.getMessage());
    }
}
