package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Removes backups so that nothing that anybody needs goes, whoever else removes, takes, restores or copies meanwhile and
 * however long any of them is suspended.
 *
 * <p>First {@code expiring} is written, then it is looked who needs the backup; who needs one writes that first and then
 * looks whether it is expiring. When it is time, it is looked once more, and the decision is the event {@code removing},
 * created as exactly the next number behind the events that were read before looking: had anybody called the removal off
 * meanwhile, the number would be taken. A decision stands for ever, so that it does not matter when, how often and by
 * whom it is carried out.
 */
final class BackupRemover {
    /** How often a decision is tried while others write events of the backup. */
    private static final int ATTEMPTS = 10;

    private final Repository repository;
    private final ClusterName cluster;
    private final BackupReader reader;
    private final BackupEventLog events;
    private final Holds holds;
    private final DeadLabels dead;

    BackupRemover(Repository repository, ClusterName cluster, BackupReader reader, BackupEventLog events, Holds holds) {
        this.repository = repository;
        this.cluster = cluster;
        this.reader = reader;
        this.events = events;
        this.holds = holds;
        this.dead = new DeadLabels(repository, cluster, reader);
    }

    DeadLabels dead() {
        return dead;
    }

    BackupCatalog.Deletion delete(Label label, Duration grace, boolean force) {
        BackupListing listing = reader.list();
        if (isRestOfRemoval(label, listing)) {
            return removeNow(label);
        }
        BackupRecord backup = require(label, listing);
        if (!backup.removing()) {
            requireRemovable(backup, listing, force);
            Map<Label, String> reasons =
                    Map.of(label, "deleted by " + repository.runtime().owner());
            Map<Label, BackupEvent.Announcement> announced = announce(reasons, grace, force, false);
            Map<Label, String> needed = callOffNeeded(announced.keySet(), force);
            if (!needed.isEmpty()) {
                throw neededBy(label, String.valueOf(needed.get(label)));
            }
            if (!grace.isZero()) {
                Instant removeAfter = repository.trustedNow().plus(grace);
                return new BackupCatalog.Deletion(label, removeAfter, false, 0, Map.of());
            }
            String refusal = decide(announced).get(label);
            if (refusal != null) {
                // What another announced since is for that one to call off.
                if (reader.find(label).flatMap(BackupRecord::announcement).equals(announcement(announced, label))) {
                    cancel(label, "needed by " + refusal);
                }
                throw neededBy(label, refusal);
            }
        }
        return removeNow(label);
    }

    private BackupCatalog.Deletion removeNow(Label label) {
        BackupCatalog.Deletion deletion = remove(label, () -> {});
        if (!deletion.removed() && deletion.leftovers().isEmpty()) {
            if (reader.running(label).isPresent()) {
                // What this announced is not meant for the copy.
                cancel(label, "it is being copied here again");
            }
            throw new PgbkException(
                    ErrorCode.HELD_BY_ANOTHER,
                    "another process removed backup " + label + " meanwhile, and it has been copied here again since",
                    "Repeat it when the copy is to go as well.");
        }
        return deletion;
    }

    long examine(Label label, boolean force) {
        BackupListing listing = reader.list();
        if (isRestOfRemoval(label, listing)) {
            return LabelRemoval.storedBytes(repository, cluster, label);
        }
        requireRemovable(require(label, listing), listing, force);
        LabelNeeds.examine(reader, holds, dead, repository.trustedNow())
                .of(label, expiring(listing))
                .ifPresent(who -> {
                    throw neededBy(label, who);
                });
        return BackupCatalog.uniqueBytes(listing.backups()).getOrDefault(label, 0L);
    }

    private LabelNeeds needs() {
        return LabelNeeds.read(reader, holds, dead, repository.trustedNow());
    }

    private static Set<Label> expiring(BackupListing listing) {
        return listing.backups().stream()
                .filter(BackupRecord::expiring)
                .map(BackupRecord::label)
                .collect(Collectors.toCollection(HashSet::new));
    }

    private BackupRecord require(Label label, BackupListing listing) {
        return find(label, listing).orElseThrow(() -> BackupCatalog.notListed(label, cluster));
    }

    private static Optional<BackupRecord> find(Label label, BackupListing listing) {
        return listing.backups().stream()
                .filter(candidate -> candidate.label().equals(label))
                .findFirst();
    }

    /** Whether a removal of the label was interrupted after its summary went: all questions were answered then. */
    private boolean isRestOfRemoval(Label label, BackupListing listing) {
        boolean rest = reader.isRestOfRemoval(label);
        if (rest) {
            LabelNeeds.requireReadable(listing);
        }
        return rest;
    }

    private void requireRemovable(BackupRecord backup, BackupListing listing, boolean force) {
        Label label = backup.label();
        if (backup.pinned()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + backup.label() + " is pinned",
                    "`pgbk unpin " + backup.label() + "` allows to remove it.");
        }
        LabelNeeds.requireReadable(listing);
        List<Label> dependants = listing.backups().stream()
                .filter(other -> !other.label().equals(label)
                        && !other.expiring()
                        && other.owners().contains(label))
                .map(BackupRecord::label)
                .toList();
        if (!dependants.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + label + " holds data of " + dependants,
                    "Delete those that are built on it first.");
        }
        if (!force && backup.good() && !LabelNeeds.leavesGood(backup, listing, expiring(listing))) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + label + " is the last good backup of incarnation "
                            + backup.summary().facts().incarnation() + " of cluster " + cluster,
                    "Take another backup first, or repeat with --force.");
        }
    }

    private static PgbkException neededBy(Label label, String who) {
        return new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "backup " + label + " is needed by " + who,
                "Wait until it has finished and try again.");
    }

    /**
     * Begins the removal of backups: from now on nobody may begin to need them. Those that somebody needs already are
     * called off, and with them what they are built on.
     *
     * @param reasons of each backup, for people
     * @param policy whether a policy says so, which may keep them again some day
     * @return those that stay, and who needs them
     */
    Map<Label, String> mark(Map<Label, String> reasons, Duration grace, boolean force, boolean policy) {
        return callOffNeeded(announce(reasons, grace, force, policy).keySet(), force);
    }

    private Map<Label, BackupEvent.Announcement> announce(
            Map<Label, String> reasons, Duration grace, boolean force, boolean policy) {
        Instant removeAfter = repository.trustedNow().plus(grace);
        Map<Label, BackupEvent.Announcement> announced = new LinkedHashMap<>();
        reasons.forEach((label, reason) -> announced.put(
                label, events.announce(label, new BackupEvent.Expiring(removeAfter, reason, force, policy))));
        return announced;
    }

    /** Looks who needs backups whose removal was announced, and calls that of those off; returns who needs them. */
    private Map<Label, String> callOffNeeded(Set<Label> announced, boolean force) {
        Map<Label, String> needed = new LinkedHashMap<>();
        try {
            LabelNeeds needs = needs();
            Set<Label> going = expiring(needs.listing());
            boolean more = true;
            while (more) {
                more = false;
                for (BackupRecord backup : needs.listing().backups().reversed()) {
                    Label label = backup.label();
                    if (announced.contains(label) && going.contains(label)) {
                        Optional<String> who = whoStops(backup, needs, going, going, force);
                        who.ifPresent(name -> needed.put(label, name));
                        more |= who.isPresent() && going.remove(label);
                    }
                }
            }
        } catch (PgbkException e) {
            // Nobody knows who needs them.
            announced.forEach(label -> cancel(label, String.valueOf(e.getMessage())));
            throw e;
        }
        needed.forEach((label, who) -> cancel(label, "needed by " + who));
        return needed;
    }

    private void cancel(Label label, String reason) {
        events.append(label, new BackupEvent.ExpiryCancelled(reason));
    }

    /**
     * Who needs a backup.
     *
     * @param without backups whose needs do not count
     * @param going backups that are not left as good ones
     */
    private static Optional<String> whoStops(
            BackupRecord backup, LabelNeeds needs, Set<Label> without, Set<Label> going, boolean forced) {
        Optional<String> who = needs.of(backup.label(), without);
        return who.isEmpty() && !forced && !needs.leavesGood(backup, going)
                ? Optional.of("whoever restores: it is the last good backup of its incarnation")
                : who;
    }

    /**
     * Decides that backups go now whose grace period is over.
     *
     * @param due which announcement that was: one that came later, of this backup or of one that was copied back under
     *     its label, has a grace period of its own
     * @return those that stay for now, and why; all others are to be removed
     */
    Map<Label, String> decide(Map<Label, BackupEvent.Announcement> due) {
        Map<Label, String> refused = new LinkedHashMap<>();
        Set<Label> open = new LinkedHashSet<>(due.keySet());
        for (int attempt = 0; attempt < ATTEMPTS && !open.isEmpty(); attempt++) {
            // The events are read before it is looked who needs the backups: see the class.
            BackupListing before = reader.list();
            LabelNeeds needs = needs();
            Set<Label> going = expiring(needs.listing());
            Set<Label> decided = before.backups().stream()
                    .filter(BackupRecord::removing)
                    .map(BackupRecord::label)
                    .collect(Collectors.toCollection(HashSet::new));
            open.removeIf(
                    label -> decided.contains(label) || find(label, before).isEmpty());
            for (BackupRecord backup : before.backups().reversed()) {
                Label label = backup.label();
                if (!open.contains(label)) {
                    continue;
                }
                Optional<BackupEvent.Announcement> announcement = announcement(due, label);
                Optional<String> stays =
                        notAsAnnounced(backup, announcement).or(() -> whoStops(backup, needs, decided, going));
                if (stays.isPresent()) {
                    refused.put(label, stays.get());
                    open.remove(label);
                } else if (events.create(label, backup.lastEvent() + 1, new BackupEvent.Removing(announcement))) {
                    decided.add(label);
                    open.remove(label);
                }
            }
        }
        open.forEach(label -> refused.put(label, "others, who write its events all the time"));
        return refused;
    }

    private static Optional<BackupEvent.Announcement> announcement(
            Map<Label, BackupEvent.Announcement> announcements, Label label) {
        return Optional.ofNullable(announcements.get(label));
    }

    /** Who changed since what was announced; empty when that counts still. */
    private static Optional<String> notAsAnnounced(BackupRecord backup, Optional<BackupEvent.Announcement> due) {
        if (!backup.expiring()) {
            return Optional.of("whoever called its removal off");
        }
        return backup.announcement().equals(due)
                ? Optional.empty()
                : Optional.of("whoever announced its removal anew meanwhile");
    }

    private static Optional<String> whoStops(
            BackupRecord backup, LabelNeeds needs, Set<Label> without, Set<Label> going) {
        boolean forced = backup.expiry().map(BackupEvent.Expiring::forced).orElse(false);
        return whoStops(backup, needs, without, going, forced);
    }

    /** Removes the objects of a backup whose removal was decided, or what is left of one. */
    BackupCatalog.Deletion remove(Label label, Runnable mayGoOn) {
        Optional<Integer> decision = reader.decision(label);
        LabelRemoval removal = new LabelRemoval(repository, cluster, () -> {
            mayGoOn.run();
            return isStillRemoved(label, decision);
        });
        removal.removeAll(label);
        return deletion(label, removal);
    }

    /**
     * Whether what lies under the label is still what was to go: nobody finished the removal, and copied a backup of the
     * same label here again. That one's events have the same numbers, so it is read whether they decide the same.
     */
    private boolean isStillRemoved(Label label, Optional<Integer> decision) {
        return (decision.isPresent() && reader.decision(label).equals(decision))
                || !exists(RepositoryLayout.intent(cluster, label))
                || (decision.isEmpty() && reader.isRestOfRemoval(label));
    }

    private boolean exists(String key) {
        return repository.store().findLength(key).isPresent();
    }

    BackupCatalog.Deletion deletion(Label label, LabelRemoval removal) {
        return new BackupCatalog.Deletion(
                label,
                repository.runtime().clock().instant(),
                removal.leftovers().isEmpty() && !removal.stopped(),
                removal.bytesFreed(),
                removal.leftovers());
    }
}
