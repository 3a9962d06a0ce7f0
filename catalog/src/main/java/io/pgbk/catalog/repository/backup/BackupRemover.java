package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Removes backups so that nothing that anybody needs goes: first it says so, then it looks who needs it. */
final class BackupRemover {
    private final Repository repository;
    private final ClusterName cluster;
    private final BackupReader reader;
    private final BackupEventLog events;
    private final Holds holds;

    BackupRemover(Repository repository, ClusterName cluster, BackupReader reader, BackupEventLog events, Holds holds) {
        this.repository = repository;
        this.cluster = cluster;
        this.reader = reader;
        this.events = events;
        this.holds = holds;
    }

    BackupCatalog.Deletion delete(Label label, Duration grace, boolean force) {
        BackupListing listing = reader.list();
        if (isRestOfRemoval(label, listing)) {
            return remove(label);
        }
        requireRemovable(require(label, listing), listing, force);
        Instant removeAfter = repository.trustedNow().plus(grace);
        events.append(
                label,
                new BackupEvent.Expiring(
                        removeAfter, "deleted by " + repository.runtime().owner()));
        cancelIfNeeded(label);
        return grace.isZero() ? remove(label) : new BackupCatalog.Deletion(label, removeAfter, false, 0, Map.of());
    }

    long examine(Label label, boolean force) {
        BackupListing listing = reader.list();
        if (isRestOfRemoval(label, listing)) {
            return LabelRemoval.storedBytes(repository, cluster, label);
        }
        requireRemovable(require(label, listing), listing, force);
        whoNeeds(label).ifPresent(who -> {
            throw neededBy(label, who);
        });
        return BackupCatalog.uniqueBytes(listing.backups()).getOrDefault(label, 0L);
    }

    private BackupRecord require(Label label, BackupListing listing) {
        return listing.backups().stream()
                .filter(candidate -> candidate.label().equals(label))
                .findFirst()
                .orElseThrow(() -> BackupCatalog.notListed(label, cluster));
    }

    /** Whether a removal of the label was interrupted after its summary went: all questions were answered then. */
    private boolean isRestOfRemoval(Label label, BackupListing listing) {
        boolean rest = reader.isRestOfRemoval(label);
        if (rest && !listing.damaged().isEmpty()) {
            throw unreadable(listing);
        }
        return rest;
    }

    private void requireRemovable(BackupRecord backup, BackupListing listing, boolean force) {
        Label label = backup.label();
        requireNotPinned(backup);
        if (!listing.damaged().isEmpty()) {
            throw unreadable(listing);
        }
        List<Label> dependants = dependants(label, listing);
        if (!dependants.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + label + " holds data of " + dependants,
                    "Delete those that are built on it first.");
        }
        boolean othersGood = listing.backups().stream()
                .filter(other -> !other.label().equals(label))
                .filter(other -> other.summary().facts().incarnation()
                        == backup.summary().facts().incarnation())
                .anyMatch(BackupRecord::good);
        if (!othersGood && backup.good() && !force) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + label + " is the last good backup of incarnation "
                            + backup.summary().facts().incarnation() + " of cluster " + cluster,
                    "Take another backup first, or repeat with --force.");
        }
    }

    private static void requireNotPinned(BackupRecord backup) {
        if (backup.pinned()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + backup.label() + " is pinned",
                    "`pgbk unpin " + backup.label() + "` allows to remove it.");
        }
    }

    private PgbkException unreadable(BackupListing listing) {
        Label damaged = listing.damaged().keySet().iterator().next();
        return new PgbkException(
                ErrorCode.REFUSED_BY_POLICY,
                "backup " + damaged + " cannot be read, so nobody knows what it needs",
                "Run `pgbk verify`; nothing is removed while a backup's summary is damaged.",
                listing.damaged().get(damaged));
    }

    private static List<Label> dependants(Label label, BackupListing listing) {
        return listing.backups().stream()
                .filter(other -> !other.label().equals(label))
                .filter(other -> other.owners().contains(label))
                .map(BackupRecord::label)
                .toList();
    }

    /** The second half of "write first, then read": whoever wrote a hold or an intent before is seen here. */
    private void cancelIfNeeded(Label label) {
        whoNeeds(label).ifPresent(who -> {
            events.append(label, new BackupEvent.ExpiryCancelled("needed by " + who));
            throw neededBy(label, who);
        });
    }

    private static PgbkException neededBy(Label label, String who) {
        return new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "backup " + label + " is needed by " + who,
                "Wait until it has finished and try again.");
    }

    private Optional<String> whoNeeds(Label label) {
        Instant now = repository.trustedNow();
        List<Holds.HoldInfo> held = holds.list();
        BackupListing listing = reader.list();
        Set<Label> users = usersEver(label, listing);
        for (Holds.HoldInfo hold : held) {
            if (hold.countsAt(now) && !Collections.disjoint(hold.request().labels(), users)) {
                return Optional.of(hold.owner() + " (" + hold.request().purpose() + ") until " + hold.until());
            }
        }
        for (RunningBackup running : listing.running()) {
            if (running.parent().filter(users::contains).isPresent() && !isDead(running, now)) {
                return Optional.of("backup " + running.label() + " of " + running.owner());
            }
        }
        return listing.backups().stream()
                .filter(backup -> backup.label().equals(label) && backup.pinned())
                .findFirst()
                .map(backup -> "a pin");
    }

    /** The backup and those whose manifests ever named its packs: what began before a compaction reads them still. */
    private static Set<Label> usersEver(Label label, BackupListing listing) {
        Set<Label> users = new LinkedHashSet<>(Set.of(label));
        listing.backups().stream()
                .filter(backup -> backup.ownersEver().contains(label))
                .map(BackupRecord::label)
                .forEach(users::add);
        return users;
    }

    private static boolean isDead(RunningBackup running, Instant now) {
        return running.lastAlive().plus(BackupCatalog.DEAD_AFTER).isBefore(now);
    }

    private BackupCatalog.Deletion remove(Label label) {
        LabelRemoval removal = new LabelRemoval(repository, cluster);
        removal.removeAll(label);
        return new BackupCatalog.Deletion(
                label,
                repository.trustedNow(),
                removal.leftovers().isEmpty(),
                removal.bytesFreed(),
                removal.leftovers());
    }

    List<BackupCatalog.Deletion> purge() {
        if (!repository.storeIsSafe()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    repository.displayName() + " cannot create objects exclusively, so that nobody may clean up there",
                    "Delete single backups with `pgbk delete --now`.");
        }
        Instant now = repository.trustedNow();
        BackupListing listing = reader.list();
        if (!listing.damaged().isEmpty()) {
            throw unreadable(listing);
        }
        Set<Label> labels = new LinkedHashSet<>();
        for (BackupRecord backup : listing.backups()) {
            boolean due = backup.expiry()
                    .map(expiring -> !expiring.removeAfter().isAfter(now))
                    .orElse(false);
            if (due
                    && dependants(backup.label(), listing).isEmpty()
                    && whoNeeds(backup.label()).isEmpty()) {
                labels.add(backup.label());
            }
        }
        for (BackupFolder folder : reader.folders()) {
            if (folder.removalLeftover() && reader.isRestOfRemoval(folder)) {
                labels.add(folder.label());
            }
        }
        List<BackupCatalog.Deletion> deletions = new ArrayList<>();
        labels.forEach(label -> deletions.add(remove(label)));
        for (RunningBackup running : listing.running()) {
            if (isDead(running, now)) {
                endDead(running).ifPresent(deletions::add);
            }
        }
        removeOldMarkers(now);
        holds.removeExpired(now);
        return deletions;
    }

    /** Takes a dead label over; when its owner commits all the same, exactly one of both gets the name. */
    private Optional<BackupCatalog.Deletion> endDead(RunningBackup running) {
        Label label = running.label();
        String reason = "no sign of life since " + running.lastAlive();
        CreateOutcome outcome = repository
                .documents()
                .create(
                        ObjectKind.BACKUP,
                        RepositoryLayout.backup(cluster, label),
                        BackupSummaryCodec.writeAborted(
                                label, repository.runtime().owner(), reason, repository.trustedNow()));
        if (outcome != CreateOutcome.CREATED) {
            return Optional.empty();
        }
        LabelRemoval removal = new LabelRemoval(repository, cluster);
        removal.removeData(label);
        return Optional.of(new BackupCatalog.Deletion(
                label,
                repository.trustedNow(),
                removal.leftovers().isEmpty(),
                removal.bytesFreed(),
                removal.leftovers()));
    }

    /** The marker of an ended label goes when no commit can be on its way any more. */
    private void removeOldMarkers(Instant now) {
        for (BackupFolder folder : reader.folders()) {
            boolean old = folder.ended()
                    && reader.end(folder.label())
                            .map(end -> switch (end) {
                                case BackupSummaryCodec.End.Committed ignored -> false;
                                case BackupSummaryCodec.End.Aborted aborted ->
                                    aborted.time()
                                            .plus(BackupCatalog.DEAD_AFTER)
                                            .isBefore(now);
                            })
                            .orElse(false);
            if (old) {
                removeAborted(folder.label());
            }
        }
    }

    /** Data first, the marker last: as long as it is there the label is known to be dead. */
    private void removeAborted(Label label) {
        LabelRemoval removal = new LabelRemoval(repository, cluster);
        removal.removeData(label);
        if (removal.leftovers().isEmpty()) {
            repository.store().delete(List.of(RepositoryLayout.intent(cluster, label)));
            repository.store().delete(List.of(RepositoryLayout.backup(cluster, label)));
        }
    }
}
