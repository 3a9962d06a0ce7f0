package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.compaction.CompactionPlan;
import io.pgbk.catalog.repository.layout.Label;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the compaction of an expiry did; of a dry run, what it would do.
 *
 * @param percent a backup that nobody keeps for its own sake is emptied when others use at most so much of it; 0 for
 *     never
 * @param skipped why nothing could be emptied although there may be something
 * @param moves the backups that are emptied, and who uses them
 * @param failed backups that could not be emptied, and why; they stay as they are
 * @param storedBytes what is stored anew
 * @param oldManifests how many manifests went that an earlier compaction replaced
 */
public record ExpireCompaction(
        int percent,
        Optional<String> skipped,
        List<CompactionPlan.Move> moves,
        Map<Label, String> failed,
        long storedBytes,
        int oldManifests) {
    public ExpireCompaction {
        moves = List.copyOf(moves);
        failed = Map.copyOf(failed);
    }

    static ExpireCompaction none(int percent, Optional<String> skipped) {
        return new ExpireCompaction(percent, skipped, List.of(), Map.of(), 0, 0);
    }

    /** Whether it changed nothing for certain. */
    boolean isIdle() {
        return moves.isEmpty() && skipped.isEmpty();
    }

    ExpireCompaction withOldManifests(int removed) {
        return new ExpireCompaction(percent, skipped, moves, failed, storedBytes, removed);
    }
}
