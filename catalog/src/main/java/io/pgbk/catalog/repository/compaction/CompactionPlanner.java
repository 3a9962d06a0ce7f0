package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.Label;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Decides which backups are worth emptying. Makes no request but through {@link Usage}. */
final class CompactionPlanner {
    /**
     * Frames that one run moves at most: with about 100 bytes of memory for each that a backup's users use and 24 for
     * each of the packs in question, some 150 MB. They are 500 GB of data.
     */
    static final int MOST_FRAMES = 500_000;

    private static final int WHOLE = 100;

    private CompactionPlanner() {}

    /** What is used of a backup. */
    interface Usage {
        /**
         * The frames of a backup's packs that any of the users refers to; empty when they are more than that.
         *
         * @param users not empty
         * @param mostBytes stored
         */
        Optional<FrameSurvey.Used> used(BackupRecord owner, List<BackupRecord> users, long mostBytes, int mostFrames);
    }

    /**
     * The plan. From the newest to the oldest, because a backup is built on older ones: one that nobody wants and of
     * which what stays uses at most so much is emptied; one of which more is used stays, and what it uses is needed.
     *
     * @param backups all, in their order
     * @param unwanted those that nobody keeps for their own sake
     * @param percent of a backup's stored bytes; 0 for no compaction
     */
    static CompactionPlan plan(List<BackupRecord> backups, Set<Label> unwanted, int percent, Usage usage) {
        List<CompactionPlan.Move> moves = new ArrayList<>();
        List<BackupRecord> staying = new ArrayList<>();
        int frames = 0;
        for (BackupRecord backup : backups.reversed()) {
            List<BackupRecord> users = staying.stream()
                    .filter(user -> user.owners().contains(backup.label()))
                    .toList()
                    .reversed();
            if (!unwanted.contains(backup.label()) && !backup.expiring()) {
                staying.add(backup);
            } else if (!users.isEmpty()) {
                long stored = storedBytes(backup);
                long most = stored / WHOLE * percent + stored % WHOLE * percent / WHOLE;
                // One user alone shows often enough that it is too much, without reading a manifest.
                boolean worth = percent > 0
                        && !backup.expiring()
                        && users.stream().noneMatch(BackupRecord::expiring)
                        && users.stream().noneMatch(user -> usedBytes(user, backup.label()) > most);
                Optional<FrameSurvey.Used> used =
                        worth ? usage.used(backup, users, most, MOST_FRAMES - frames) : Optional.empty();
                if (used.isPresent()) {
                    frames += used.get().frames();
                    moves.add(new CompactionPlan.Move(
                            backup.label(),
                            users.stream().map(BackupRecord::label).toList(),
                            used.get().storedBytes(),
                            stored));
                } else {
                    staying.add(backup);
                }
            }
        }
        return new CompactionPlan(moves);
    }

    private static long storedBytes(BackupRecord backup) {
        return backup.packs().stream()
                .filter(pack -> pack.label().equals(backup.label()))
                .mapToLong(PackUse::storedBytes)
                .sum();
    }

    private static long usedBytes(BackupRecord user, Label owner) {
        return user.packs().stream()
                .filter(pack -> pack.label().equals(owner))
                .mapToLong(PackUse::usedBytes)
                .sum();
    }
}
