package io.pgbk.cli.command;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.expire.ExpireCompaction;
import io.pgbk.catalog.repository.expire.ExpireReport;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lock.LockRenewal;
import io.pgbk.cli.output.TextTable;
import io.pgbk.cli.output.Units;
import io.pgbk.postgres.WalSegmentName;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What expiry decided and did, for people and for programs. */
record ExpireAnswer(
        List<Keep> keep,
        List<Remove> remove,
        List<Needed> needed,
        List<String> calledOff,
        List<Gone> gone,
        Compacted compaction,
        @Nullable String walKeptFrom,
        long walFilesRemoved,
        Map<String, String> walLeftovers,
        @Nullable Instant lockedUntil,
        long locksExtended,
        long bytesFreed,
        long bytesLater,
        boolean dryRun) {
    /** Files of WAL that are named in a text. */
    private static final int MOST_LEFTOVERS = 10;

    /** A backup that stays, and every rule that says so. */
    record Keep(String label, List<String> reasons) {}

    /** A backup that goes, and why. */
    record Remove(String label, String reason) {}

    /** A backup that would go, and who needs it. */
    record Needed(String label, String by) {}

    /** A label whose objects went, and those that did not. */
    record Gone(String label, long bytesFreed, Map<String, String> leftovers) {}

    /**
     * What was emptied.
     *
     * @param below a backup is emptied when others use at most so many percent of it; 0 for never
     * @param skipped why nothing could be emptied although there may be something
     * @param storedBytes what was stored anew
     */
    record Compacted(
            int below,
            @Nullable String skipped,
            List<Emptied> emptied,
            List<Failed> failed,
            long storedBytes,
            int manifestsRemoved) {
        static Compacted of(ExpireCompaction compaction) {
            return new Compacted(
                    compaction.percent(),
                    compaction.skipped().orElse(null),
                    compaction.moves().stream()
                            .map(move -> new Emptied(
                                    move.emptied().value(),
                                    move.users().stream().map(Label::value).toList(),
                                    move.usedBytes(),
                                    move.storedBytes()))
                            .toList(),
                    compaction.failed().entrySet().stream()
                            .map(entry -> new Failed(entry.getKey().value(), entry.getValue()))
                            .sorted(Comparator.comparing(Failed::label))
                            .toList(),
                    compaction.storedBytes(),
                    compaction.oldManifests());
        }
    }

    /** A backup that was emptied, who used it, and how much of it. */
    record Emptied(String label, List<String> users, long usedBytes, long storedBytes) {}

    /** A backup that could not be emptied, and why. */
    record Failed(String label, String message) {}

    static ExpireAnswer of(ClusterCatalog cluster, ExpireReport report, boolean dryRun) {
        return new ExpireAnswer(
                report.plan().keep().stream()
                        .map(kept -> new Keep(kept.label().value(), kept.reasons()))
                        .toList(),
                report.plan().remove().stream()
                        .map(removed -> new Remove(removed.label().value(), removed.reason()))
                        .toList(),
                report.needed().entrySet().stream()
                        .map(entry -> new Needed(entry.getKey().value(), entry.getValue()))
                        .toList(),
                report.calledOff().stream().map(Label::value).toList(),
                report.removed().stream()
                        .map(deletion -> new Gone(
                                deletion.label().value(), deletion.bytesFreed(), new TreeMap<>(deletion.leftovers())))
                        .toList(),
                Compacted.of(report.compaction()),
                report.walKeptFrom()
                        .map(start -> WalSegmentName.of(
                                        start.timeline(),
                                        start.from(),
                                        cluster.incarnation(start.incarnation()).segmentSize())
                                .toString())
                        .orElse(null),
                report.wal().files(),
                new TreeMap<>(report.wal().leftovers()),
                report.locks().map(LockRenewal.Renewed::until).orElse(null),
                report.locks().map(LockRenewal.Renewed::objects).orElse(0L),
                report.bytesFreed(),
                report.bytesLater(),
                dryRun);
    }

    private void compaction(List<String> text) {
        for (Emptied one : compaction.emptied()) {
            text.add((dryRun ? "would empty " : "emptied ") + one.label() + ": of "
                    + Units.bytes(one.storedBytes()) + ", " + Units.bytes(one.usedBytes()) + " are used by "
                    + (one.users().size() > 1
                            ? one.users().getFirst() + " and "
                                    + Units.count(one.users().size() - 1, "other", "others")
                            : one.users().getFirst())
                    + (dryRun ? " and would be stored anew" : " and were stored anew"));
        }
        compaction.failed().forEach(one -> text.add(one.label() + " is not emptied and stays: " + one.message()));
        if (compaction.skipped() != null) {
            text.add("no backup is emptied: " + compaction.skipped());
        }
    }

    List<String> text() {
        TextTable table = new TextTable("", "BACKUP", "WHY");
        keep.forEach(one -> table.row("keep", one.label(), String.join("; ", one.reasons())));
        remove.forEach(one -> table.row(dryRun ? "would remove" : "remove", one.label(), one.reason()));
        needed.forEach(one -> table.row("stays", one.label(), "needed by " + one.by()));
        List<String> text = new ArrayList<>(keep.isEmpty() && remove.isEmpty() ? List.of() : table.lines(""));
        calledOff.forEach(label -> text.add("the removal of " + label
                + (dryRun ? " would be called off" : " was called off") + ", because it is kept again"));
        compaction(text);
        for (Gone one : gone) {
            text.add("removed " + one.label() + ", " + Units.bytes(one.bytesFreed()) + " freed");
            one.leftovers().forEach((key, reason) -> text.add("  could not remove " + key + ": " + reason));
        }
        walLeftovers.entrySet().stream()
                .limit(MOST_LEFTOVERS)
                .forEach(one -> text.add("  could not remove " + one.getKey() + ": " + one.getValue()));
        if (walLeftovers.size() > MOST_LEFTOVERS) {
            text.add("  and " + Units.count(walLeftovers.size() - MOST_LEFTOVERS, "other file", "other files")
                    + " of WAL");
        }
        if (lockedUntil != null) {
            text.add("everything that stays is locked until " + lockedUntil + " at least");
        }
        if (walKeptFrom != null) {
            text.add("WAL stays from " + walKeptFrom + " on");
        }
        text.add(
                dryRun
                        ? "would free " + Units.bytes(bytesFreed)
                        : Units.bytes(bytesFreed) + " freed, " + Units.bytes(bytesLater)
                                + " when grace periods are over");
        return text;
    }
}
