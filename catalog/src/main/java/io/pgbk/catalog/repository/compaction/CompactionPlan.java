package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.repository.layout.Label;
import java.util.List;

/**
 * Which backups are emptied: what others use of them moves into new packs, so that nothing is built on them any more.
 *
 * @param moves the newest first
 */
public record CompactionPlan(List<Move> moves) {
    public CompactionPlan {
        moves = List.copyOf(moves);
    }

    /**
     * A backup to be emptied.
     *
     * @param emptied nobody keeps it but for its data
     * @param users the backups that stay and use its packs, in their order; the first gets what moves
     * @param usedBytes stored bytes of the frames that any of them uses
     * @param storedBytes stored bytes of its packs
     */
    public record Move(Label emptied, List<Label> users, long usedBytes, long storedBytes) {
        public Move {
            users = List.copyOf(users);
        }
    }
}
