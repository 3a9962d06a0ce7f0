package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.compaction.Compaction;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.catalog.repository.lock.LockRenewal;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.WalRemover;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Carries the retention policy of a repository out for one cluster. Decides nothing itself: the planner says what goes,
 * a compaction empties what stays for little of its data, the catalogue removes in two phases. A run that was killed is
 * finished by the next one, wherever that runs.
 */
public final class Expiry {
    /** The lease under which backups of a cluster expire, one run at a time. */
    public static final String LEASE = "expire";

    private final ClusterCatalog cluster;
    private final RetentionPolicy policy;
    private final TaskMonitor monitor;
    private final Emptying emptying;

    /** One that empties backups of which little is used. */
    public Expiry(ClusterCatalog cluster, RetentionPolicy policy, TaskMonitor monitor) {
        this(cluster, policy, Compaction.DEFAULT_PERCENT, monitor);
    }

    /**
     * An expiry.
     *
     * @param compactPercent a backup that stays only because others use at most so much of it is emptied and removed; 0
     *     for none
     */
    public Expiry(ClusterCatalog cluster, RetentionPolicy policy, int compactPercent, TaskMonitor monitor) {
        this.cluster = cluster;
        this.policy = policy;
        this.monitor = monitor;
        this.emptying = new Emptying(cluster, compactPercent, monitor);
    }

    /**
     * Says what would go, and writes nothing.
     *
     * @throws PgbkException as {@link ExpireView#read}
     */
    public ExpireReport dryRun() {
        ExpireView view = ExpireView.read(cluster, monitor);
        ExpireCompaction compaction = emptying.preview(view, view.plan(policy));
        ExpirePlan plan = view.plan(policy, Emptying.after(view, compaction.moves()));
        Set<Label> going = plan.remove().stream().map(ExpirePlan.Removed::label).collect(Collectors.toSet());
        WalRemover.Removal archived =
                new WalRemover(cluster, view.wal(), monitor::checkCancelled, monitor).preview(plan.wal());
        return new ExpireReport(
                plan,
                Map.of(),
                view.calledOff(plan),
                List.of(),
                compaction,
                KeptWalStart.of(plan, view.wal().ends()),
                archived,
                Optional.empty(),
                view.storedBytes(going) + archived.bytes(),
                0);
    }

    /**
     * Calls announced removals off that the policy would not begin any more, empties backups that nobody keeps for their
     * own sake and of which others use little, begins the removal of what the policy does not keep and nothing is built
     * on, and removes what was begun longer than the grace period ago, what earlier runs left half removed, what backups
     * that died left, and the WAL that nothing needs any more.
     *
     * @throws PgbkException HELD_BY_ANOTHER when another run is at work or took over, STORE_UNSAFE, REFUSED_BY_POLICY as
     *     {@link ExpireView#read}
     */
    public ExpireReport run() {
        requireSafeStore();
        try (Leases.Lease lease = cluster.leases().acquire(LEASE, LEASE, Duration.ZERO)) {
            Runnable mayGoOn = () -> {
                monitor.checkCancelled();
                lease.proveHeld();
            };
            ExpireView view = ExpireView.read(cluster, monitor);
            ExpirePlan plan = view.plan(policy);
            // What stays is made safe before anything goes. Locks run by the store's clock, also when the server, whose
            // last commit retention counts from, has been silent for weeks.
            Optional<LockRenewal.Renewed> locks = new LockRenewal(cluster, mayGoOn)
                    .run(view.backups(), plan, cluster.repository().trustedNow());
            mayGoOn.run();
            List<Label> calledOff = callOff(view, plan);
            if (!calledOff.isEmpty()) {
                view = view.again(cluster);
                plan = view.plan(policy);
            }
            emptying.withdrawRests(view);
            ExpireCompaction compaction = emptying.run(view, plan);
            if (!compaction.isIdle()) {
                view = view.again(cluster);
                plan = view.plan(policy);
            }
            mayGoOn.run();
            Map<Label, String> needed = cluster.backups().expire(begun(view, plan), policy.grace());
            mayGoOn.run();
            List<BackupCatalog.Deletion> removed = cluster.backups().purge(mayGoOn);
            // WAL follows from what is left: backups that stay for now keep theirs.
            ExpireView left = view.again(cluster);
            WalRemover.Removal archived = new WalRemover(cluster, view.wal(), mayGoOn, monitor)
                    .run(left.plan(policy).wal());
            mayGoOn.run();
            int oldManifests = emptying.removeOldManifests(left, policy.grace());
            return new ExpireReport(
                    plan,
                    needed,
                    calledOff,
                    removed,
                    compaction.withOldManifests(oldManifests),
                    KeptWalStart.of(plan, view.wal().ends()),
                    archived,
                    locks,
                    removed.stream()
                                    .mapToLong(BackupCatalog.Deletion::bytesFreed)
                                    .sum()
                            + archived.bytes(),
                    view.storedBytes(waiting(plan, needed, removed)));
        }
    }

    private void requireSafeStore() {
        if (!cluster.repository().storeIsSafe()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    cluster.repository().displayName()
                            + " cannot create objects exclusively, so that nobody may clean up there",
                    "Delete single backups with `pgbk delete --now`.");
        }
    }

    private List<Label> callOff(ExpireView view, ExpirePlan plan) {
        List<Label> labels = view.calledOff(plan);
        labels.forEach(label -> cluster.backups().callOff(label, "the policy keeps it again"));
        return labels;
    }

    /** The removals that begin with this run. */
    private static Map<Label, String> begun(ExpireView view, ExpirePlan plan) {
        Set<Label> expiring = view.backups().stream()
                .filter(BackupRecord::expiring)
                .map(BackupRecord::label)
                .collect(Collectors.toSet());
        Map<Label, String> reasons = new LinkedHashMap<>();
        // Those that are built on others first: whenever this dies, nothing that goes is needed by what stays.
        plan.remove().reversed().stream()
                .filter(removed -> !expiring.contains(removed.label()))
                .forEach(removed -> reasons.put(removed.label(), removed.reason()));
        return reasons;
    }

    private static Set<Label> waiting(
            ExpirePlan plan, Map<Label, String> needed, List<BackupCatalog.Deletion> removed) {
        Set<Label> waiting = new HashSet<>();
        plan.remove().forEach(one -> waiting.add(one.label()));
        waiting.removeAll(needed.keySet());
        removed.stream().filter(BackupCatalog.Deletion::removed).forEach(deletion -> waiting.remove(deletion.label()));
        return waiting;
    }
}
