package io.pgbk.catalog.repository.expire;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.compaction.Compaction;
import io.pgbk.catalog.repository.compaction.CompactionPlan;
import io.pgbk.catalog.repository.compaction.CompactionReport;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.Candidate;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.TimelineEnd;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The compaction that belongs to an expiry: empties backups that stay only because others use a little of them, so that
 * the same expiry removes them. Whatever keeps it from that costs space and nothing else, so the expiry goes on.
 */
final class Emptying {
    private final ClusterCatalog cluster;
    private final int percent;
    private final TaskMonitor monitor;

    /** @param percent as in {@link Compaction#plan}; 0 for no compaction */
    Emptying(ClusterCatalog cluster, int percent, TaskMonitor monitor) {
        this.cluster = cluster;
        this.percent = percent;
        this.monitor = monitor;
    }

    /** What {@link #run} would do; writes nothing. */
    ExpireCompaction preview(ExpireView view, ExpirePlan plan) {
        Set<Label> unwanted = unwanted(view, plan);
        Optional<String> obstacle = obstacle(view, plan);
        if (unwanted.isEmpty() || obstacle.isPresent()) {
            return ExpireCompaction.none(percent, obstacle);
        }
        return attempt(() -> {
            List<CompactionPlan.Move> moves =
                    compaction().plan(unwanted, percent, monitor).moves();
            return new ExpireCompaction(
                    percent,
                    Optional.empty(),
                    moves,
                    Map.of(),
                    moves.stream().mapToLong(CompactionPlan.Move::usedBytes).sum(),
                    0);
        });
    }

    /** Empties what is worth it. */
    ExpireCompaction run(ExpireView view, ExpirePlan plan) {
        Set<Label> unwanted = unwanted(view, plan);
        Optional<String> obstacle = obstacle(view, plan);
        if (unwanted.isEmpty() || obstacle.isPresent()) {
            return ExpireCompaction.none(percent, obstacle);
        }
        return attempt(() -> {
            CompactionReport done = compaction().run(unwanted, percent, monitor);
            Map<Label, String> failed = new HashMap<>();
            done.failed().forEach((label, cause) -> failed.put(label, String.valueOf(cause.getMessage())));
            return new ExpireCompaction(percent, Optional.empty(), done.moves(), failed, done.storedBytes(), 0);
        });
    }

    private ExpireCompaction attempt(Supplier<ExpireCompaction> work) {
        try {
            return work.get();
        } catch (PgbkException e) {
            return switch (e.code()) {
                // A backup is being taken, a backup was removed meanwhile, or something cannot be read.
                case HELD_BY_ANOTHER, NO_FITTING_BACKUP, OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG ->
                    ExpireCompaction.none(percent, Optional.of(String.valueOf(e.getMessage())));
                default -> throw e;
            };
        }
    }

    /** Ends what a compaction that died left open: its proposals keep backups from being removed. */
    void withdrawRests(ExpireView view) {
        try {
            compaction().withdrawRests(view.backups());
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.HELD_BY_ANOTHER) {
                throw e;
            }
            // A backup runs, or the compaction does: the next expiry does it.
            monitor.debug("what a compaction proposed stays for now: " + e.getMessage());
        }
    }

    /**
     * Removes manifests that were replaced longer ago than the grace period.
     *
     * @param view at least as new as the last compaction
     * @return how many went
     */
    int removeOldManifests(ExpireView view, Duration grace) {
        return compaction().removeOldManifests(view.backups(), grace);
    }

    /** What the listing will look like to retention when a plan of {@link #preview} was carried out. */
    static List<Candidate> after(ExpireView view, List<CompactionPlan.Move> moves) {
        return view.backups().stream()
                .map(backup -> after(backup, Candidate.of(backup), moves))
                .toList();
    }

    private static Candidate after(BackupRecord backup, Candidate candidate, List<CompactionPlan.Move> moves) {
        Set<Label> needs = new LinkedHashSet<>(candidate.needs());
        for (CompactionPlan.Move move : moves) {
            if (move.users().contains(backup.label())) {
                needs.remove(move.emptied());
                boolean uses = backup.packs().stream()
                        .filter(pack -> pack.label().equals(move.emptied()))
                        .mapToLong(PackUse::usedBytes)
                        .anyMatch(bytes -> bytes > 0);
                if (uses && !move.users().getFirst().equals(backup.label())) {
                    needs.add(move.users().getFirst());
                }
            }
        }
        return candidate.needing(needs);
    }

    private Compaction compaction() {
        return new Compaction(cluster, Duration.ZERO);
    }

    /** Why nothing can be emptied; only said when there may be something. */
    private Optional<String> obstacle(ExpireView view, ExpirePlan plan) {
        boolean something = percent > 0 && !unwanted(view, plan).isEmpty();
        return something && cluster.repository().store().objectLocking().isPresent()
                ? Optional.of("objects are locked: what moves would be stored twice")
                : Optional.empty();
    }

    /**
     * Those that nobody wants; empty when nobody is built on any of them. Also those on which nobody is built belong to
     * them: nothing need be stored anew for backups that go themselves. Not the newest full backup on the way to a living
     * end: the next differential backup is built on it.
     */
    private Set<Label> unwanted(ExpireView view, ExpirePlan plan) {
        if (percent == 0) {
            return Set.of();
        }
        Set<Label> unwanted = new LinkedHashSet<>(plan.unwanted());
        List<Candidate> fulls = view.backups().stream()
                .map(Candidate::of)
                .filter(candidate -> candidate.type() == BackupType.FULL && !candidate.expiring())
                .toList();
        for (TimelineEnd end : view.wal().ends()) {
            // They are in their order.
            fulls.stream()
                    .filter(end::continues)
                    .reduce((_, newer) -> newer)
                    .ifPresent(newest -> unwanted.remove(newest.label()));
        }
        Set<Label> used = new HashSet<>();
        view.backups().forEach(backup -> used.addAll(backup.owners()));
        return Collections.disjoint(unwanted, used) ? Set.of() : unwanted;
    }
}
