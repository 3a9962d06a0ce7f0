package io.pgbk.cli.command;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.expire.ExpireReport;
import io.pgbk.catalog.repository.lock.LockRenewal;
import io.pgbk.cli.output.TextTable;
import io.pgbk.cli.output.Units;
import io.pgbk.postgres.WalSegmentName;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What expiry decided and did, for people and for programs. */
record ExpireAnswer(
        List<Keep> keep,
        List<Remove> remove,
        List<Needed> needed,
        List<Gone> gone,
        @Nullable String walKeptFrom,
        long walFilesRemoved,
        Map<String, String> walLeftovers,
        @Nullable Instant lockedUntil,
        long locksExtended,
        long bytesFreed,
        long bytesLater,
        boolean dryRun) {
    /** A backup that stays, and every rule that says so. */
    record Keep(String label, List<String> reasons) {}

    /** A backup that goes, and why. */
    record Remove(String label, String reason) {}

    /** A backup that would go, and who needs it. */
    record Needed(String label, String by) {}

    /** A label whose objects went, and those that did not. */
    record Gone(String label, long bytesFreed, Map<String, String> leftovers) {}

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
                report.removed().stream()
                        .map(deletion -> new Gone(
                                deletion.label().value(), deletion.bytesFreed(), new TreeMap<>(deletion.leftovers())))
                        .toList(),
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

    List<String> text() {
        TextTable table = new TextTable("", "BACKUP", "WHY");
        keep.forEach(one -> table.row("keep", one.label(), String.join("; ", one.reasons())));
        remove.forEach(one -> table.row(dryRun ? "would remove" : "remove", one.label(), one.reason()));
        needed.forEach(one -> table.row("stays", one.label(), "needed by " + one.by()));
        List<String> text = new ArrayList<>(keep.isEmpty() && remove.isEmpty() ? List.of() : table.lines(""));
        for (Gone one : gone) {
            text.add("removed " + one.label() + ", " + Units.bytes(one.bytesFreed()) + " freed");
            one.leftovers().forEach((key, reason) -> text.add("  could not remove " + key + ": " + reason));
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
