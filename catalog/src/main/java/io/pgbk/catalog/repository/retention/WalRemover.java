package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.SpansByTimeline;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalTrimming;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Removes the WAL that nothing needs, with everything that lies under the names of its segments; never a timeline's
 * history. First a document announces what goes; then it is looked who needs some of it; a document under exactly the
 * next number then decides. So nothing that anybody began to need in time goes, however many processes do this at once
 * and however long one of them sleeps; and who reads the archive knows what is missing on purpose.
 *
 * <p>Requests: two documents for each incarnation of which more goes than before, and a listing of these; one listing for each 1000 files that
 * go or lie between; for each 1000 that go one deletion and a look at the newest document. What a killed process left is
 * found by the next one. Memory: 1000 names, and two numbers for each run of segments that was removed or kept.
 */
public final class WalRemover {
    private static final int ATTEMPTS = 10;

    private final ClusterCatalog cluster;
    private final WalInventory inventory;
    private final Runnable mayGoOn;
    private final TaskMonitor monitor;

    /**
     * A remover.
     *
     * @param inventory gathered before the plan was made
     * @param mayGoOn called before every batch of removals: stops by throwing, for example when a lease was lost
     */
    public WalRemover(ClusterCatalog cluster, WalInventory inventory, Runnable mayGoOn, TaskMonitor monitor) {
        this.cluster = cluster;
        this.inventory = inventory;
        this.mayGoOn = mayGoOn;
        this.monitor = monitor;
    }

    /**
     * What went, or would go.
     *
     * @param removed of each incarnation what is removed for ever, with what earlier runs removed
     * @param files segments and what lies beside them, that were there
     * @param bytes that they took in the store
     * @param leftovers keys that could not be removed, at most 1000 of them, and why; the next run tries again
     */
    public record Removal(
            NavigableMap<Integer, TrimmedWal> removed, long files, long bytes, Map<String, String> leftovers) {
        public Removal {
            leftovers = Map.copyOf(leftovers);
        }
    }

    /** Says what {@link #run} would remove; writes nothing. */
    public Removal preview(List<ExpirePlan.KeptWal> keep) {
        return each((archive, sweep) -> {
            TrimmedWal now = cluster.wal(archive.incarnation()).trimming().read();
            NavigableMap<Integer, SegmentSpans> removed =
                    SpansByTimeline.plus(now.removed(), going(archive, keep, now));
            TrimmedWal then = new TrimmedWal(now.number(), removed, new TreeMap<>(), now.leftOut());
            sweep.count(then);
            return then;
        });
    }

    /**
     * Removes everything but what is to be kept and what somebody needs.
     *
     * @throws PgbkException REFUSED_BY_POLICY when a summary is damaged or clocks differ; STORE_UNSAFE
     */
    public Removal run(List<ExpirePlan.KeptWal> keep) {
        if (!cluster.repository().storeIsSafe()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    cluster.repository().displayName()
                            + " cannot create objects exclusively, so that nobody may clean up there",
                    "Use a store that supports conditional PUT.");
        }
        return each((archive, sweep) -> {
            TrimmedWal decided = decide(archive, keep);
            sweep.remove(decided, mayGoOn);
            cluster.wal(archive.incarnation()).trimming().removeOvertaken(mayGoOn);
            return decided;
        });
    }

    private interface OfArchive {
        TrimmedWal run(WalInventory.Archived archive, WalSweep sweep);
    }

    private Removal each(OfArchive work) {
        NavigableMap<Integer, TrimmedWal> removed = new TreeMap<>();
        List<WalSweep> sweeps = new ArrayList<>();
        Map<String, String> leftovers = new TreeMap<>();
        for (WalInventory.Archived archive : inventory.archives()) {
            WalSweep sweep = new WalSweep(cluster, archive.incarnation(), monitor);
            removed.put(archive.incarnation().number(), work.run(archive, sweep));
            sweeps.add(sweep);
            leftovers.putAll(sweep.leftovers());
        }
        return new Removal(
                removed,
                sweeps.stream().mapToLong(WalSweep::files).sum(),
                sweeps.stream().mapToLong(WalSweep::bytes).sum(),
                leftovers);
    }

    private TrimmedWal decide(WalInventory.Archived archive, List<ExpirePlan.KeptWal> keep) {
        WalTrimming trimming = cluster.wal(archive.incarnation()).trimming();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            TrimmedWal read = trimming.read();
            NavigableMap<Integer, SegmentSpans> going = going(archive, keep, read);
            if (going.isEmpty() && read.announced().isEmpty()) {
                return read;
            }
            mayGoOn.run();
            Optional<TrimmedWal> announced = trimming.write(read, read.removed(), going);
            if (announced.isEmpty()) {
                continue;
            }
            // Whoever began to need some of it before this document existed is seen now; whoever comes later sees it.
            NavigableMap<Integer, SegmentSpans> needed = WalNeeds.read(cluster, archive, read);
            Optional<TrimmedWal> decided = trimming.write(
                    announced.get(),
                    SpansByTimeline.plus(read.removed(), SpansByTimeline.minus(going, needed)),
                    Map.of());
            if (decided.isPresent()) {
                return decided.get();
            }
        }
        throw new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "others remove WAL of cluster " + cluster.name() + " all the time",
                "Wait until they have finished and try again.");
    }

    /** What is to go and has not gone: of what was there when the inventory was made, all that nobody needs. */
    private NavigableMap<Integer, SegmentSpans> going(
            WalInventory.Archived archive, List<ExpirePlan.KeptWal> keep, TrimmedWal read) {
        NavigableMap<Integer, SegmentSpans> there = new TreeMap<>(Integer::compareUnsigned);
        archive.last().forEach((timeline, last) -> there.put(timeline, SegmentSpans.between(0, last)));
        return SpansByTimeline.minus(
                SpansByTimeline.minus(
                        SpansByTimeline.minus(there, kept(archive, keep)), WalNeeds.read(cluster, archive, read)),
                read.removed());
    }

    private static NavigableMap<Integer, SegmentSpans> kept(
            WalInventory.Archived archive, List<ExpirePlan.KeptWal> keep) {
        WalSegmentSize size = archive.incarnation().segmentSize();
        NavigableMap<Integer, SegmentSpans> kept = new TreeMap<>(Integer::compareUnsigned);
        for (ExpirePlan.KeptWal range : keep) {
            if (range.incarnation() == archive.incarnation().number()) {
                long first = range.from().segmentNumber(size);
                long last = range.to()
                        .map(to -> to.equals(Lsn.INVALID) ? 0 : to.plus(-1).segmentNumber(size))
                        .orElse(Long.MAX_VALUE - 1);
                kept.merge(range.timeline(), SegmentSpans.between(first, Math.max(first, last)), SegmentSpans::plus);
            }
        }
        return kept;
    }
}
