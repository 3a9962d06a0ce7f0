package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.Candidate;
import io.pgbk.catalog.repository.retention.ClockGuard;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.ExpirePlanner;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.WalInventory;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a repository holds of a cluster at one moment, as far as expiry asks.
 *
 * @param now the time that clean-up may trust
 */
public record ExpireView(List<BackupRecord> backups, WalInventory wal, Instant now) {
    public ExpireView {
        backups = List.copyOf(backups);
    }

    /**
     * Reads it: one listing and one read for each backup and event, and a few requests for each timeline.
     *
     * @throws PgbkException REFUSED_BY_POLICY when a summary is damaged (nobody knows what that backup needs) or the
     *     clocks of host and store differ; TIMELINE_CONFLICT
     */
    public static ExpireView read(ClusterCatalog cluster, TaskMonitor monitor) {
        // WAL first: what a backup that is listed later needs was archived later, or is needed by that backup.
        return read(cluster, WalInventory.gather(cluster, monitor));
    }

    /** The same archive with the backups that are listed now. */
    ExpireView again(ClusterCatalog cluster) {
        return read(cluster, wal);
    }

    private static ExpireView read(ClusterCatalog cluster, WalInventory wal) {
        BackupListing listing = cluster.backups().listing();
        for (Map.Entry<Label, PgbkException> damaged : listing.damaged().entrySet()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + damaged.getKey() + " cannot be read, so nobody knows what it needs",
                    "Run `pgbk verify`; nothing is removed while a backup's summary is damaged.",
                    damaged.getValue());
        }
        return new ExpireView(listing.backups(), wal, ClockGuard.now(cluster, listing.backups()));
    }

    /** What a policy keeps of it. */
    public ExpirePlan plan(RetentionPolicy policy) {
        return plan(policy, backups.stream().map(Candidate::of).toList());
    }

    /** The same with these backups. Announced removals that the policy would not begin today are as if never begun. */
    ExpirePlan plan(RetentionPolicy policy, List<Candidate> candidates) {
        ExpirePlanner planner = new ExpirePlanner(policy, wal.ends(), now);
        Set<Label> revocable = revocable(candidates);
        Set<Label> again = revocable.isEmpty()
                ? Set.of()
                : planner.plan(without(revocable, candidates)).keep().stream()
                        .map(ExpirePlan.Kept::label)
                        .filter(revocable::contains)
                        .collect(Collectors.toSet());
        return planner.plan(without(again, candidates));
    }

    private static List<Candidate> without(Set<Label> announced, List<Candidate> candidates) {
        return candidates.stream()
                .map(candidate -> announced.contains(candidate.label()) ? candidate.staying() : candidate)
                .toList();
    }

    /** Backups whose removal a policy announced, or that are pinned since, and of which all is still there. */
    private Set<Label> revocable(List<Candidate> candidates) {
        Map<Label, Set<Label>> needs = new HashMap<>();
        candidates.forEach(candidate -> needs.put(candidate.label(), candidate.needs()));
        Set<Label> revocable = new HashSet<>();
        Set<Label> stays = new HashSet<>();
        for (BackupRecord backup : backups) {
            boolean announced = backup.expiry()
                    .filter(expiry -> expiry.policy() || backup.pinned())
                    .isPresent();
            if (announced && !backup.removing()) {
                revocable.add(backup.label());
            } else if (!backup.expiring()) {
                stays.add(backup.label());
            }
        }
        boolean fewer = true;
        while (fewer) {
            fewer = revocable.removeIf(label -> !needs.getOrDefault(label, Set.of()).stream()
                    .allMatch(need -> stays.contains(need) || revocable.contains(need)));
        }
        return revocable;
    }

    /** The backups that a plan keeps although their removal was announced, those that others are built on first. */
    List<Label> calledOff(ExpirePlan plan) {
        Set<Label> kept = plan.keep().stream().map(ExpirePlan.Kept::label).collect(Collectors.toSet());
        return backups.stream()
                .filter(backup -> backup.expiring() && kept.contains(backup.label()))
                .map(BackupRecord::label)
                .toList();
    }

    /** Stored data that goes when these backups go and no other. */
    public long storedBytes(Set<Label> labels) {
        return backups.stream()
                .filter(backup -> labels.contains(backup.label()))
                .mapToLong(backup -> backup.manifest().storedBytes()
                        + backup.packs().stream()
                                .filter(pack -> pack.label().equals(backup.label()))
                                .mapToLong(PackUse::storedBytes)
                                .sum())
                .sum();
    }
}
