package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.wal.WalObjectInfo;
import io.pgbk.catalog.repository.ParallelReads;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.SegmentOutline;
import io.pgbk.postgres.wal.WalSegmentIndex;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes the roll-ups that are missing, newest logs first. A log is complete when its last segment is archived and none is
 * missing between its first archived segment and that one.
 *
 * <p>It costs a listing and two reads for each segment of a log, once for each log; {@link #MAX_LOGS} logs at most in one
 * run, the others in later ones.
 */
public final class RollUpWriter {
    /** More logs than a day of 100,000 segments fills. */
    private static final int MAX_LOGS = 512;

    private final WalArchive archive;
    private final WalRollUps rollUps;
    private final WalSegmentSize size;
    private final TaskMonitor monitor;

    public RollUpWriter(WalArchive archive, TaskMonitor monitor) {
        this.archive = archive;
        this.rollUps = archive.rollUps();
        this.size = archive.incarnation().segmentSize();
        this.monitor = monitor;
    }

    /**
     * Makes what is missing and removes the roll-ups of logs that are gone. Never throws: what cannot be made now, also
     * because the work was to stop, is left to later runs.
     *
     * @param damaged keys of roll-ups that are made again
     * @return how many were made
     */
    public int run(Collection<String> damaged) {
        int made = 0;
        try {
            removed(rollUps.remove(damaged));
            for (int timeline : archive.timelinesWithWal()) {
                made += ofTimeline(timeline, MAX_LOGS - made);
            }
        } catch (PgbkException e) {
            monitor.debug("WAL index roll-ups are left for later: " + e.getMessage());
        }
        return made;
    }

    private int ofTimeline(int timeline, int limit) {
        List<Integer> logs = archive.logs(timeline);
        Set<Integer> done = new HashSet<>();
        List<String> gone = new ArrayList<>();
        for (RollUpPlace place : rollUps.list(timeline)) {
            done.add(place.log());
            if (!logs.contains(place.log())) {
                gone.add(place.key());
            }
        }
        removed(rollUps.remove(gone));
        int made = 0;
        for (int log : logs.reversed()) {
            monitor.checkCancelled();
            if (made < limit && !done.contains(log) && make(archive.log(timeline, log))) {
                made++;
            }
        }
        return made;
    }

    private boolean make(WalLog log) {
        List<WalSegmentName> names = log.names();
        if (names.isEmpty() || !isComplete(names)) {
            return false;
        }
        List<WalObject> objects =
                names.stream().flatMap(name -> log.only(name).stream()).toList();
        try {
            List<WalRollUp.Entry> entries = ParallelReads.map(objects, this::entry);
            return rollUps.create(names.getFirst(), names.getLast(), entries) == CreateOutcome.CREATED;
        } catch (PgbkException e) {
            // One segment says nothing about the other logs.
            if (!UnreadableWal.isMeant(e)) {
                throw e;
            }
            monitor.debug("no roll-up of " + names.getFirst() + " to " + names.getLast() + ": " + e.getMessage());
            return false;
        }
    }

    private boolean isComplete(List<WalSegmentName> names) {
        long first = names.getFirst().number(size);
        long last = names.getLast().number(size);
        return names.getLast().segment() == size.segmentsPerLog() - 1 && last - first + 1 == names.size();
    }

    private WalRollUp.Entry entry(WalObject object) {
        monitor.checkCancelled();
        WalObjectInfo info = archive.readInfo(object);
        WalSegmentName name = ((WalFileName.Segment) object.name()).name();
        return new WalRollUp.Entry(name, object.storedBytes(), info.rawSha256(), outline(info));
    }

    /** The outline of a segment as a roll-up keeps it: empty when only the segment's own index tells. */
    public static Bytes outline(WalObjectInfo info) {
        Optional<WalSegmentIndex> index = info.index().length() == 0
                ? Optional.empty()
                : Optional.of(WalSegmentIndex.parse(info.index().toArray()));
        return SegmentOutline.bytesOf(index).map(Bytes::of).orElse(Bytes.EMPTY);
    }

    private void removed(List<DeleteFailure> failures) {
        failures.forEach(
                failure -> monitor.debug("roll-up " + failure.key() + " could not be removed: " + failure.reason()));
    }
}
