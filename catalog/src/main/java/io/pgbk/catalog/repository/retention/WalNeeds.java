package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.RunningBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentSize;
import java.time.Instant;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Which segments of one incarnation somebody needs now, whatever a policy says. */
final class WalNeeds {
    private final ClusterCatalog cluster;
    private final WalInventory.Archived archive;
    private final WalSegmentSize size;
    private final NavigableMap<Integer, SegmentSpans> needed = new TreeMap<>(Integer::compareUnsigned);

    private WalNeeds(ClusterCatalog cluster, WalInventory.Archived archive) {
        this.cluster = cluster;
        this.archive = archive;
        this.size = archive.incarnation().segmentSize();
    }

    /**
     * Asks for holds, running and listed backups.
     *
     * @param removed already: what lies behind it cannot be reached any more
     * @return by timeline
     * @throws PgbkException REFUSED_BY_POLICY when a summary is damaged: nobody knows what that backup needs
     */
    static NavigableMap<Integer, SegmentSpans> read(
            ClusterCatalog cluster, WalInventory.Archived archive, TrimmedWal removed) {
        WalNeeds needs = new WalNeeds(cluster, archive);
        needs.addHolds();
        BackupListing listing = cluster.backups().listing();
        for (Map.Entry<Label, PgbkException> damaged : listing.damaged().entrySet()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "backup " + damaged.getKey() + " cannot be read, so nobody knows what it needs",
                    "Run `pgbk verify`; nothing is removed while a backup's summary is damaged.",
                    damaged.getValue());
        }
        listing.running().forEach(needs::addRunning);
        listing.backups().forEach(backup -> needs.addListed(backup, removed));
        return needs.needed;
    }

    private void addHolds() {
        Instant now = cluster.repository().trustedNow();
        for (Holds.HoldInfo hold : cluster.holds().list()) {
            if (hold.countsAt(now)) {
                hold.request().wal().ifPresent(this::add);
            }
        }
    }

    /** A backup that does not say what it needs, needs everything. */
    private void addRunning(RunningBackup running) {
        if (running.incarnation() != archive.incarnation().number()) {
            return;
        }
        if (running.wal().isPresent()) {
            add(running.wal().get());
        } else {
            archive.last().keySet().forEach(timeline -> add(timeline, SegmentSpans.ALL));
        }
    }

    private void addListed(BackupRecord backup, TrimmedWal removed) {
        if (backup.summary().facts().incarnation() != archive.incarnation().number()) {
            return;
        }
        Lsn start = backup.summary().startLsn();
        add(
                backup.summary().timeline(),
                spans(start, Optional.of(backup.summary().stopLsn())));
        if (backup.expiring() && !backup.removing()) {
            // A restore without the right to write a hold may still follow its WAL until the grace period is over.
            for (TimelineEnd end : archive.ends()) {
                if (end.history()
                        .contains(
                                backup.summary().timeline(),
                                backup.summary().stopLsn().plus(-1))) {
                    follow(end.history(), start, removed);
                }
            }
        }
    }

    /** All WAL from an address on, up to where it was removed already. */
    private void follow(TimelineHistory line, Lsn from, TrimmedWal removed) {
        for (TimelineHistory.Range range : line.ranges()) {
            Lsn begin = Lsn.max(range.from(), from);
            if (range.to().isPresent() && !begin.isBefore(range.to().get())) {
                continue;
            }
            SegmentSpans reached = spans(begin, range.to());
            SegmentSpans gone = removed.removed(range.timeline()).and(reached);
            if (gone.isEmpty()) {
                add(range.timeline(), reached);
            } else {
                long first = begin.segmentNumber(size);
                add(
                        range.timeline(),
                        SegmentSpans.between(first, gone.spans().getFirst().first() - 1));
                return;
            }
        }
    }

    private SegmentSpans spans(Lsn from, Optional<Lsn> to) {
        long first = from.segmentNumber(size);
        return to.isEmpty()
                ? SegmentSpans.between(first, Long.MAX_VALUE - 1)
                : SegmentSpans.between(first, Math.max(first, to.get().plus(-1).segmentNumber(size)));
    }

    private void add(Holds.WalRange range) {
        if (range.incarnation() == archive.incarnation().number()) {
            Optional<TimelineHistory> line =
                    archive.tree().history(range.timeline()).or(() -> newHistory(range.timeline()));
            if (line.isPresent()) {
                TrimmedWal.way(line.get(), range.from(), range.to(), size).forEach(this::add);
            } else {
                addWhateverLeadsTo(range);
            }
        }
    }

    /** The way to a timeline that is not in the inventory: it may have begun since. Empty when nobody can tell. */
    private Optional<TimelineHistory> newHistory(int timeline) {
        if (timeline == 1) {
            return Optional.of(TimelineHistory.root(timeline));
        }
        try {
            return cluster.wal(archive.incarnation()).history(timeline);
        } catch (PgbkException e) {
            return switch (e.code()) {
                case OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG, ENCRYPTION_MISMATCH -> Optional.empty();
                default -> throw e;
            };
        }
    }

    /** A timeline branches off from one with a lower number, and along a line addresses only grow. */
    private void addWhateverLeadsTo(Holds.WalRange range) {
        SegmentSpans spans = spans(range.from(), range.to());
        archive.last().keySet().stream()
                .filter(timeline -> Integer.compareUnsigned(timeline, range.timeline()) <= 0)
                .forEach(timeline -> add(timeline, spans));
    }

    private void add(int timeline, SegmentSpans spans) {
        needed.merge(timeline, spans, SegmentSpans::plus);
    }
}
