package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.KeptHold;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Empties backups that nobody keeps but for little of their data: what others use moves into new packs, those others get
 * new manifests, and nothing is built on the emptied ones any more, so that an expiry can remove them like any backup:
 * behind the grace period, and only when no hold and no running job that began before needs them. Nothing is removed
 * here.
 *
 * <p>Runs under the lease of backups: no backup begins, and none is copied here, meanwhile. Not used where objects are
 * locked: what moves would be kept twice.
 */
public final class Compaction {
    /** A backup is emptied when others use at most so much of it, in percent, unless somebody says otherwise. */
    public static final int DEFAULT_PERCENT = 25;

    private final ClusterCatalog cluster;
    private final Duration patience;

    /** @param patience how long to wait for a backup that is being taken */
    public Compaction(ClusterCatalog cluster, Duration patience) {
        this.cluster = cluster;
        this.patience = patience;
    }

    /**
     * What a run would do now; writes nothing.
     *
     * @param unwanted backups that nobody keeps for their own sake
     * @param percent a backup is emptied when others use at most so much of its stored bytes; 0 for never
     */
    public CompactionPlan plan(Set<Label> unwanted, int percent, TaskMonitor monitor) {
        return plan(cluster.backups().listing(), unwanted, percent, monitor);
    }

    private CompactionPlan plan(BackupListing listing, Set<Label> unwanted, int percent, TaskMonitor monitor) {
        if (!listing.damaged().isEmpty()) {
            // Who needs what is not known.
            return new CompactionPlan(List.of());
        }
        FrameSurvey survey = new FrameSurvey(cluster, monitor);
        return CompactionPlanner.plan(listing.backups(), unwanted, percent, (owner, users, bytes, frames) -> {
            try {
                return survey.used(owner.label(), users, bytes, frames);
            } catch (PgbkException e) {
                if (!isAboutOneBackup(e)) {
                    throw e;
                }
                monitor.warn("backup " + owner.label() + " is not emptied: " + e.getMessage());
                return Optional.empty();
            }
        });
    }

    /**
     * Empties what is worth it.
     *
     * @param unwanted backups that nobody keeps for their own sake
     * @param percent as in {@link #plan}
     * @throws PgbkException HELD_BY_ANOTHER when a backup is being taken; STORE_UNSAFE
     */
    public CompactionReport run(Set<Label> unwanted, int percent, TaskMonitor monitor) {
        if (plan(unwanted, percent, monitor).moves().isEmpty()) {
            return CompactionReport.NOTHING;
        }
        try (Leases.Lease lease = cluster.leases().acquire(BackupCatalog.LEASE, "compaction", patience)) {
            // Under the lease no other backup comes to use what is moved.
            BackupListing listing = cluster.backups().listing();
            CompactionPlan plan = plan(listing, unwanted, percent, monitor);
            if (plan.moves().isEmpty()) {
                return CompactionReport.NOTHING;
            }
            Set<Label> needed = new LinkedHashSet<>();
            plan.moves().forEach(move -> {
                needed.add(move.emptied());
                needed.addAll(move.users());
            });
            try (KeptHold hold = KeptHold.take(
                    cluster.holds(),
                    "compaction",
                    needed,
                    cluster.repository().runtime().monotonic())) {
                return execute(plan, listing.backups(), lease, hold, monitor);
            }
        }
    }

    private CompactionReport execute(
            CompactionPlan plan, List<BackupRecord> backups, Leases.Lease lease, KeptHold hold, TaskMonitor monitor) {
        Map<Label, BackupRecord> byLabel = new LinkedHashMap<>();
        backups.forEach(backup -> byLabel.put(backup.label(), backup));
        try (CompactionRun run = new CompactionRun(cluster, byLabel, lease, hold, monitor)) {
            monitor.phase(
                    "compact",
                    plan.moves().stream()
                            .mapToLong(CompactionPlan.Move::usedBytes)
                            .sum());
            for (CompactionPlan.Move move : plan.moves()) {
                try {
                    run.move(move);
                } catch (PgbkException e) {
                    if (!isAboutOneBackup(e)) {
                        throw e;
                    }
                    run.fail(move.emptied(), e);
                }
            }
            return run.confirm();
        }
    }

    /**
     * Withdraws what compactions proposed that died in the middle. Makes no request when there is nothing of the kind.
     *
     * @param backups all committed ones
     * @throws PgbkException HELD_BY_ANOTHER when a backup is being taken; STORE_UNSAFE
     */
    public int withdrawRests(List<BackupRecord> backups) {
        if (backups.stream().allMatch(backup -> backup.openProposal().isEmpty())) {
            return 0;
        }
        try (Leases.Lease lease = cluster.leases().acquire(BackupCatalog.LEASE, "compaction", patience)) {
            return cluster.backups().withdrawProposals(lease);
        }
    }

    /**
     * Removes manifests that a compaction replaced so long ago that nobody reads them any more.
     *
     * @param backups all committed ones
     * @param grace how long the manifests stay
     * @return how many went
     */
    public int removeOldManifests(List<BackupRecord> backups, Duration grace) {
        Repository repository = cluster.repository();
        Instant now = repository.trustedNow();
        List<BackupRecord> due = backups.stream()
                .filter(backup -> backup.lastReplacement()
                        .map(replaced -> replaced.time().plus(grace).isBefore(now))
                        .orElse(false))
                .toList();
        if (due.isEmpty()) {
            return 0;
        }
        Set<Label> held = new HashSet<>();
        cluster.holds().list().stream()
                .filter(hold -> hold.countsAt(now))
                .forEach(hold -> held.addAll(hold.request().labels()));
        int removed = 0;
        for (BackupRecord backup : due) {
            if (!held.contains(backup.label())) {
                removed += removeOldManifests(backup);
            }
        }
        return removed;
    }

    private int removeOldManifests(BackupRecord backup) {
        int valid = backup.manifest().generation();
        List<String> old = new ArrayList<>();
        cluster.repository()
                .store()
                .list(RepositoryLayout.manifestFolder(cluster.name(), backup.label()), "")
                .forEachRemaining(object -> {
                    if (RepositoryLayout.parse(object.key()) instanceof RepositoryObject.Manifest manifest
                            && manifest.generation() < valid) {
                        old.add(object.key());
                    }
                });
        // One that was removed and copied back since it was listed may have its only manifest where an old one was.
        boolean same = !old.isEmpty()
                && cluster.backups()
                        .find(backup.label())
                        .filter(now -> now.summarySha256().equals(backup.summarySha256())
                                && now.manifest().generation() == valid)
                        .isPresent();
        return same ? old.size() - cluster.repository().store().delete(old).size() : 0;
    }

    /** What is wrong with one backup must not keep the others from being emptied. */
    private static boolean isAboutOneBackup(PgbkException e) {
        return switch (e.code()) {
            case OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG -> true;
            default -> false;
        };
    }
}
