package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.UnreadableWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.task.TaskMonitor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What a cluster's archives hold when expiry begins. Only that is ever removed: what is archived later, or on a timeline
 * that begins later, was not thought about.
 *
 * @param archives of every incarnation, oldest first
 */
public record WalInventory(List<Archived> archives) {
    /**
     * The archive of one incarnation.
     *
     * @param last by timeline (unsigned), the highest number of a segment of which there is anything
     * @param ends the timelines that replay can be asked to end on
     */
    public record Archived(
            Incarnation incarnation, TimelineTree tree, NavigableMap<Integer, Long> last, List<TimelineEnd> ends) {
        public Archived {
            ends = List.copyOf(ends);
        }
    }

    public WalInventory {
        archives = List.copyOf(archives);
    }

    /** The ends of all incarnations. */
    public List<TimelineEnd> ends() {
        return archives.stream().flatMap(archive -> archive.ends().stream()).toList();
    }

    /** Looks, and says nothing. */
    public static WalInventory gather(ClusterCatalog cluster) {
        return gather(cluster, TaskMonitor.SILENT);
    }

    /**
     * Looks: one listing and one read for each history, about four requests for each timeline.
     *
     * @param monitor is warned of ends that nobody can tell the age of, since their newest WAL cannot be read
     */
    public static WalInventory gather(ClusterCatalog cluster, TaskMonitor monitor) {
        List<Archived> archives = new ArrayList<>();
        for (Incarnation incarnation : cluster.incarnations()) {
            archives.add(gather(cluster.wal(incarnation), monitor));
        }
        return new WalInventory(archives);
    }

    private static Archived gather(WalArchive wal, TaskMonitor monitor) {
        TimelineTree tree = wal.timelineTree();
        NavigableMap<Integer, Long> last = new TreeMap<>(Integer::compareUnsigned);
        List<TimelineEnd> ends = new ArrayList<>();
        for (int timeline : tree.timelines()) {
            OptionalLong number = wal.lastNumber(timeline);
            number.ifPresent(found -> last.put(timeline, found));
            if (isEnd(wal, tree, timeline, number)) {
                ends.add(new TimelineEnd(
                        wal.incarnation().number(),
                        tree.history(timeline).orElseGet(() -> TimelineHistory.root(timeline)),
                        lastArchived(wal, timeline, monitor)));
            }
        }
        return new Archived(wal.incarnation(), tree, last, ends);
    }

    private static Optional<Instant> lastArchived(WalArchive wal, int timeline, TaskMonitor monitor) {
        try {
            return wal.lastArchived(timeline);
        } catch (PgbkException e) {
            if (!UnreadableWal.isMeant(e)) {
                throw e;
            }
            monitor.warn("timeline " + Integer.toUnsignedString(timeline)
                    + " counts as one that is written, since its newest WAL cannot be read: " + e.getMessage());
            return Optional.empty();
        }
    }

    /** A timeline that nobody branched off from, or whose WAL goes on behind its last branch: its server may live. */
    private static boolean isEnd(WalArchive wal, TimelineTree tree, int timeline, OptionalLong last) {
        List<TimelineHistory> branches = tree.branches(timeline);
        if (branches.isEmpty()) {
            return true;
        }
        long branch = branches.stream()
                .map(TimelineHistory::startLsn)
                .max(Lsn::compareTo)
                .orElse(Lsn.INVALID)
                .segmentNumber(wal.incarnation().segmentSize());
        return last.isPresent() && last.getAsLong() > branch;
    }
}
