package io.pgbk.catalog.repository.lock;

import io.pgbk.catalog.repository.ParallelReads;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.wal.WalTrimming;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectLocking;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Makes the locks of what a cluster's kept backups need longer, as {@link LockPlanner} says: one request for each object,
 * every half of a lock's length. Interrupted, it is done again by the next run.
 */
public final class LockRenewal {
    /** Looked up and locked at a time. */
    private static final int BATCH = 1000;

    private final Repository repository;
    private final ClusterCatalog cluster;
    private final Runnable mayGoOn;
    private long extended;

    /** @param mayGoOn throws when this run must end: it was cancelled, or another one took over */
    public LockRenewal(ClusterCatalog cluster, Runnable mayGoOn) {
        this.repository = cluster.repository();
        this.cluster = cluster;
        this.mayGoOn = mayGoOn;
    }

    /**
     * What a renewal did.
     *
     * @param until everything that is kept is locked until then at least
     * @param objects how many locks were made longer
     */
    public record Renewed(Instant until, long objects) {}

    /**
     * Looks whether locks must be made longer, and does it. Empty when objects get no lock.
     *
     * @param backups all committed backups
     * @param plan which of them stay, and which WAL
     * @param now the time by which locks run: of the host's and the store's clocks the earlier one
     * @throws PgbkException PERMISSION_DENIED when these credentials may not, and what {@code mayGoOn} throws
     */
    public Optional<Renewed> run(List<BackupRecord> backups, ExpirePlan plan, Instant now) {
        Optional<ObjectLocking> locking = repository.store().objectLocking();
        if (locking.isEmpty()) {
            return Optional.empty();
        }
        Set<Label> kept = new HashSet<>();
        plan.keep().forEach(one -> kept.add(one.label()));
        List<BackupRecord> needed =
                backups.stream().filter(backup -> kept.contains(backup.label())).toList();
        LockRecords records = new LockRecords(repository, cluster.name());
        Optional<LockRecord> last = last(records);
        LockPlan locks = LockPlanner.plan(
                now,
                locking.get().settings().duration(),
                last,
                needed.stream()
                        .map(backup -> new LockPlanner.Needed(
                                backup.label(), backup.summary().facts().startTime()))
                        .toList(),
                plan.wal());
        if (!locks.isEmpty()) {
            carryOut(locks, needed, locking.get());
        }
        // A shorter length is remembered: what was written with it is still there when the next run has a longer one.
        boolean shorter = last.filter(known -> locks.record().until().isBefore(known.until()))
                .isPresent();
        if (!locks.isEmpty() || shorter) {
            records.append(locks.record());
        }
        return Optional.of(new Renewed(locks.record().until(), extended));
    }

    /** One that cannot be read is as good as none. */
    private static Optional<LockRecord> last(LockRecords records) {
        try {
            return records.last();
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.OBJECT_DAMAGED) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private void carryOut(LockPlan locks, List<BackupRecord> needed, ObjectLocking locking) {
        if (locks.shared()) {
            extend(locking, locks.until(), List.of(RepositoryLayout.REPOSITORY_FILE));
            extendFolder(locking, locks.until(), RepositoryLayout.KEYS, LockedObjects::covers);
            extendFolder(locking, locks.until(), RepositoryLayout.POLICIES, LockedObjects::covers);
            extendFolder(locking, locks.until(), RepositoryLayout.incarnations(cluster.name()), LockedObjects::covers);
        }
        wal(locks, locking);
        Set<Label> labels = new HashSet<>(locks.backups());
        Map<Label, BitSet> packs = new HashMap<>();
        for (BackupRecord backup : needed) {
            if (labels.contains(backup.label())) {
                for (PackUse pack : backup.packs()) {
                    packs.computeIfAbsent(pack.label(), ignored -> new BitSet()).set(pack.number());
                }
            }
        }
        packs.forEach((label, numbers) -> extendFolder(
                locking,
                locks.until(),
                RepositoryLayout.packFolder(cluster.name(), label),
                key -> LockedKeys.isPack(key, numbers)));
        for (Label label : locks.backups()) {
            extendFolder(
                    locking,
                    locks.until(),
                    RepositoryLayout.backupFolder(cluster.name(), label),
                    LockedObjects::covers);
        }
    }

    private void wal(LockPlan locks, ObjectLocking locking) {
        cluster.incarnations().forEach(incarnation -> {
            List<ExpirePlan.KeptWal> ranges = locks.wal().stream()
                    .filter(range -> range.incarnation() == incarnation.number())
                    .toList();
            if (locks.shared()) {
                int newest = cluster.wal(incarnation).trimming().newest();
                extendFolder(
                        locking,
                        locks.until(),
                        RepositoryLayout.walTrims(cluster.name(), incarnation.number()),
                        key -> RepositoryLayout.parse(key) instanceof RepositoryObject.WalTrim trim
                                && !WalTrimming.isOvertaken(trim.number(), newest));
            }
            if (locks.shared() || !ranges.isEmpty()) {
                extendFolder(
                        locking,
                        locks.until(),
                        RepositoryLayout.walArchive(cluster.name(), incarnation.number()),
                        key -> LockedKeys.isNeededWal(key, ranges, incarnation.segmentSize()));
            }
        });
    }

    private void extendFolder(ObjectLocking locking, Instant until, String prefix, Predicate<String> which) {
        List<String> batch = new ArrayList<>();
        Iterator<ObjectInfo> objects = repository.store().list(prefix, "");
        while (objects.hasNext()) {
            String key = objects.next().key();
            if (which.test(key)) {
                batch.add(key);
            }
            if (batch.size() == BATCH) {
                extend(locking, until, batch);
                batch.clear();
            }
        }
        extend(locking, until, batch);
    }

    private void extend(ObjectLocking locking, Instant until, List<String> keys) {
        mayGoOn.run();
        ParallelReads.map(keys, key -> {
            try {
                locking.extend(key, until);
            } catch (ObjectMissingException e) {
                // Gone since it was listed; whether it is missed is for verify to say.
                return key;
            }
            return key;
        });
        extended += keys.size();
    }
}
