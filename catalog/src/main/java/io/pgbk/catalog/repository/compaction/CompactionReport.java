package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.PgbkException;
import java.util.List;
import java.util.Map;

/**
 * What a compaction did.
 *
 * @param moves the backups that nothing is built on any more, the newest first
 * @param rewritten backups that got a new manifest
 * @param storedBytes of the new packs
 * @param failed backups that could not be emptied, and why; they stay needed
 */
public record CompactionReport(
        List<CompactionPlan.Move> moves, List<Label> rewritten, long storedBytes, Map<Label, PgbkException> failed) {
    /** Nothing to do. */
    public static final CompactionReport NOTHING = new CompactionReport(List.of(), List.of(), 0, Map.of());

    public CompactionReport {
        moves = List.copyOf(moves);
        rewritten = List.copyOf(rewritten);
        failed = Map.copyOf(failed);
    }

    /** The backups that nothing is built on any more. */
    public List<Label> emptied() {
        return moves.stream().map(CompactionPlan.Move::emptied).toList();
    }
}
