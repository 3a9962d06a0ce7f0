package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The backups of one cluster in one repository. Their order is (incarnation, timeline, stop LSN): a timeline's number is
 * always higher than its ancestors', and along one line LSNs only grow; clocks and labels say nothing.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class BackupCatalog {
    /** How long a removed backup's objects stay for those who read it already. */
    public static final Duration GRACE = Duration.ofDays(7);
    /** How often a running backup writes a sign of life. */
    public static final Duration ALIVE_INTERVAL = Duration.ofMinutes(5);
    /** How long a running backup goes on without being able to. */
    public static final Duration GIVE_UP = Duration.ofHours(1);
    /** How long a label without a sign of life stays its owner's. */
    public static final Duration DEAD_AFTER = Duration.ofDays(2);

    /** The backups of a cluster; makes no request. */
    public BackupCatalog(Repository repository, ClusterName cluster) {
        throw new UnsupportedOperationException();
    }

    /** All committed backups of all incarnations in their order, those that are being removed included. */
    public List<BackupRecord> list() {
        throw new UnsupportedOperationException();
    }

    public Optional<BackupRecord> find(Label label) {
        throw new UnsupportedOperationException();
    }

    /**
     * The backup with this label.
     *
     * @throws io.pgbk.error.PgbkException NO_FITTING_BACKUP when no such backup is listed
     */
    public BackupRecord require(Label label) {
        throw new UnsupportedOperationException();
    }

    /** Labels that are claimed and not ended. */
    public List<RunningBackup> running() {
        throw new UnsupportedOperationException();
    }

    /**
     * Begins a backup: takes the cluster's backup lease and claims a new label.
     *
     * @throws io.pgbk.error.PgbkException HELD_BY_ANOTHER, naming who takes one already
     */
    public BackupWriter begin(BackupStart start) {
        throw new UnsupportedOperationException();
    }

    /** Stored bytes that would go if just this backup went: in packs that no other listed backup uses. */
    public static Map<Label, Long> uniqueBytes(List<BackupRecord> backups) {
        throw new UnsupportedOperationException();
    }

    /** The key below the prefix of a backup's valid manifest. */
    public String manifestKey(BackupRecord backup) {
        throw new UnsupportedOperationException();
    }

    public void pin(Label label, String reason) {
        throw new UnsupportedOperationException();
    }

    public void unpin(Label label) {
        throw new UnsupportedOperationException();
    }

    /** Sets annotations; an empty value removes one. */
    public void annotate(Label label, Map<String, String> annotations) {
        throw new UnsupportedOperationException();
    }

    public void recordVerify(Label label, BackupEvent.VerifyVerdict verdict) {
        throw new UnsupportedOperationException();
    }

    public void recordDrill(Label label, BackupEvent.DrillVerdict verdict) {
        throw new UnsupportedOperationException();
    }

    /**
     * Removes a backup: from now on nobody may begin to need it; its objects go when the grace period is over and
     * {@link #purge()} runs, or at once with a grace of zero.
     *
     * @param force also when it is the last good one of its incarnation
     * @throws io.pgbk.error.PgbkException REFUSED_BY_POLICY (pinned, last good, others are built on it), HELD_BY_ANOTHER
     *     (a hold names it), NO_FITTING_BACKUP
     */
    public Deletion delete(Label label, Duration grace, boolean force) {
        throw new UnsupportedOperationException();
    }

    /** Removes the objects of backups whose grace period is over, and what an interrupted removal left. */
    public List<Deletion> purge() {
        throw new UnsupportedOperationException();
    }

    /**
     * What a removal did.
     *
     * @param removeAfter when the objects may go
     * @param removed whether they are gone
     * @param bytesFreed stored bytes that went
     * @param leftovers keys that could not be removed, and why; a later purge tries again
     */
    public record Deletion(
            Label label, Instant removeAfter, boolean removed, long bytesFreed, Map<String, String> leftovers) {}

    /**
     * How a backup begins.
     *
     * @param parent the backup to build on
     * @param patience how long to wait for another backup of the cluster to end
     */
    public record BackupStart(BackupType type, Incarnation incarnation, Optional<Label> parent, Duration patience) {}
}
