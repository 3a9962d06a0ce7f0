package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Who needs which backups: holds, backups that run, pins, and listed backups that use their packs. Read after something
 * was written, so that whoever wrote its need before is seen here, and whoever comes later sees what was written.
 */
final class LabelNeeds {
    private final BackupListing listing;
    private final List<Holds.HoldInfo> holds;
    private final DeadLabels dead;
    private final Predicate<RunningBackup> ended;

    private LabelNeeds(
            BackupListing listing, List<Holds.HoldInfo> holds, DeadLabels dead, Predicate<RunningBackup> ended) {
        this.listing = listing;
        this.holds = holds;
        this.dead = dead;
        this.ended = ended;
    }

    /**
     * Reads them. Dead backups that stand in the way are ended by the questions that are asked later.
     *
     * @throws PgbkException REFUSED_BY_POLICY when a summary is damaged: nobody knows what that backup needs
     */
    static LabelNeeds read(BackupReader reader, Holds holds, DeadLabels dead, Instant now) {
        // Only an end that excludes its commit makes a backup need nothing; a clock alone does not.
        return read(reader, holds, dead, now, running -> dead.end(running, now));
    }

    /** The same for who only wants to know: takes those for ended that would be, and writes nothing. */
    static LabelNeeds examine(BackupReader reader, Holds holds, DeadLabels dead, Instant now) {
        return read(reader, holds, dead, now, running -> dead.mayEnd(running, now));
    }

    private static LabelNeeds read(
            BackupReader reader, Holds holds, DeadLabels dead, Instant now, Predicate<RunningBackup> ended) {
        List<Holds.HoldInfo> counting =
                holds.list().stream().filter(hold -> hold.countsAt(now)).toList();
        BackupListing listing = reader.list();
        requireReadable(listing);
        return new LabelNeeds(listing, counting, dead, ended);
    }

    static void requireReadable(BackupListing listing) {
        for (Map.Entry<Label, PgbkException> damaged : listing.damaged().entrySet()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + damaged.getKey() + " cannot be read, so nobody knows what it needs",
                    "Run `pgbk verify`; nothing is removed while a backup's summary is damaged.",
                    damaged.getValue());
        }
    }

    BackupListing listing() {
        return listing;
    }

    /**
     * Who needs a backup; empty when nobody does.
     *
     * @param going backups that go as well: what they need does not count
     */
    Optional<String> of(Label label, Set<Label> going) {
        Set<Label> users = usersEver(label);
        for (Holds.HoldInfo hold : holds) {
            if (!Collections.disjoint(hold.request().labels(), users)) {
                return Optional.of(hold.owner() + " (" + hold.request().purpose() + ") until " + hold.until());
            }
        }
        for (RunningBackup running : listing.running()) {
            if (dead.mayNeed(running, users) && !ended.test(running)) {
                return Optional.of("backup " + running.label() + " of " + running.owner());
            }
        }
        for (BackupRecord backup : listing.backups()) {
            if (backup.label().equals(label) && backup.pinned()) {
                return Optional.of("a pin");
            }
            if (!backup.label().equals(label) && backup.needs().contains(label) && !going.contains(backup.label())) {
                return Optional.of("backup " + backup.label() + ", which holds data of it");
            }
        }
        return Optional.empty();
    }

    /** The backup and those whose manifests ever named its packs: what began before a compaction reads them still. */
    private Set<Label> usersEver(Label label) {
        Set<Label> users = new HashSet<>(Set.of(label));
        listing.backups().stream()
                .filter(backup -> backup.ownersEver().contains(label))
                .map(BackupRecord::label)
                .forEach(users::add);
        return users;
    }

    /** Whether a good backup of its incarnation is left, or it is not good itself. */
    boolean leavesGood(BackupRecord backup, Set<Label> going) {
        return leavesGood(backup, listing, going);
    }

    static boolean leavesGood(BackupRecord backup, BackupListing listing, Set<Label> going) {
        return !backup.sound()
                || listing.backups().stream()
                        .filter(other -> !other.label().equals(backup.label()) && !going.contains(other.label()))
                        .filter(other -> other.summary().facts().incarnation()
                                == backup.summary().facts().incarnation())
                        .anyMatch(BackupRecord::sound);
    }
}
