package io.pgbk.archiver.backup;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Chooses the backup that a differential or incremental one is built on. A pure function of what the repository lists
 * and of where the server stands: nothing is asked and nothing is changed here.
 *
 * <p>A parent lies on the server's own history: of another branch of the tree, or past the point where the server's
 * history left its timeline, no page may be taken. Among those that may be, the newest counts; a timeline's number is
 * higher than its ancestors', and along one line LSNs only grow.
 */
final class ParentChooser {
    private static final Comparator<BackupRecord> ALONG_THE_LINE = Comparator.comparing(
                    (BackupRecord backup) -> backup.summary().timeline(), Integer::compareUnsigned)
            .thenComparing(backup -> backup.summary().stopLsn())
            .thenComparingInt(backup -> backup.summary().sequence());

    private final Server server;
    private final Set<Label> usable = new HashSet<>();

    private ParentChooser(Server server, List<BackupRecord> backups) {
        this.server = server;
        for (BackupRecord backup : backups) {
            if (!backup.expiring()) {
                usable.add(backup.label());
            }
        }
    }

    /**
     * Where the server stands.
     *
     * @param incarnation number of its incarnation in the repository, which fixes the page size too
     * @param line the history of its current timeline
     * @param position how far its WAL goes; on a standby how far it has replayed
     */
    record Server(int incarnation, TimelineHistory line, Lsn position) {}

    /** What was chosen. */
    sealed interface Choice {
        /** The backup to build on. */
        record Parent(BackupRecord backup) implements Choice {}

        /**
         * There is none: a full backup is to be taken.
         *
         * @param reason why, for people
         */
        record None(String reason) implements Choice {}
    }

    /**
     * Chooses a parent.
     *
     * @param type differential: among the full backups; incremental: among all
     * @param backups all committed ones, in the catalogue's order
     */
    static Choice choose(BackupType type, List<BackupRecord> backups, Server server) {
        List<BackupRecord> candidates = switch (type) {
            case DIFFERENTIAL ->
                backups.stream()
                        .filter(backup -> backup.summary().type() == BackupType.FULL)
                        .toList();
            case INCREMENTAL -> backups;
            case FULL -> throw new IllegalArgumentException("a full backup has no parent");
        };
        if (candidates.isEmpty()) {
            return new Choice.None(
                    type == BackupType.DIFFERENTIAL ? "there is no full backup yet" : "there is no backup yet");
        }
        ParentChooser chooser = new ParentChooser(server, backups);
        return candidates.stream()
                .filter(candidate -> chooser.objection(candidate).isEmpty())
                .max(ALONG_THE_LINE)
                .<Choice>map(Choice.Parent::new)
                .orElseGet(() -> chooser.none(candidates.getLast()));
    }

    /**
     * What speaks against a backup that was chosen, now that the server stands elsewhere.
     *
     * @param backups as {@link #choose} got them
     */
    static Optional<String> objection(BackupRecord backup, List<BackupRecord> backups, Server server) {
        return new ParentChooser(server, backups).objection(backup);
    }

    private Choice none(BackupRecord newest) {
        return new Choice.None("backup " + newest.label() + " cannot be built on: "
                + objection(newest).orElseThrow());
    }

    /** What speaks against a backup as parent. */
    private Optional<String> objection(BackupRecord backup) {
        if (backup.summary().facts().incarnation() != server.incarnation()) {
            return Optional.of("it is of incarnation "
                    + backup.summary().facts().incarnation() + ", the server is of " + server.incarnation());
        }
        return placeObjection(backup).or(() -> stateObjection(backup));
    }

    private Optional<String> placeObjection(BackupRecord backup) {
        int timeline = backup.summary().timeline();
        Lsn stop = backup.summary().stopLsn();
        if (!server.line().includes(timeline)) {
            return Optional.of("it lies on timeline " + Integer.toUnsignedString(timeline)
                    + ", which is not in the history of the server's timeline "
                    + Integer.toUnsignedString(server.line().timeline()));
        }
        Optional<Lsn> left = server.line().endOf(timeline);
        if (left.isPresent() && stop.isAfter(left.get())) {
            return Optional.of("it ended at " + stop + " on timeline " + Integer.toUnsignedString(timeline)
                    + ", which the server's history left at " + left.get());
        }
        if (stop.isAfter(server.position())) {
            return Optional.of("it ended at " + stop + ", and the server has come to " + server.position());
        }
        return Optional.empty();
    }

    private Optional<String> stateObjection(BackupRecord backup) {
        if (backup.expiring()) {
            return Optional.of("it is being removed");
        }
        // A gap in the WAL says nothing about the pages.
        boolean damaged = backup.lastVerify()
                .map(recorded ->
                        ((BackupEvent.Verified) recorded.event()).verdict().verdict() == BackupEvent.Verdict.DAMAGED)
                .orElse(false);
        if (damaged) {
            return Optional.of("its last verification found damage");
        }
        boolean failed = backup.lastDrill()
                .map(recorded ->
                        !((BackupEvent.Drilled) recorded.event()).verdict().good())
                .orElse(false);
        if (failed) {
            return Optional.of("its last drill failed");
        }
        return backup.packs().stream()
                .map(PackUse::label)
                .filter(label -> !label.equals(backup.label()) && !usable.contains(label))
                .findFirst()
                .map(label -> "it needs data of backup " + label + ", which is being removed or gone");
    }
}
