package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.format.wal.WalObjectInfo;
import io.pgbk.catalog.repository.wal.RollUpPlace;
import io.pgbk.catalog.repository.wal.RollUpWriter;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalRollUp;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Checks the roll-ups of WAL indexes: that each can be read, and that it says what the segments say that were read. Safe
 * for use by many threads.
 */
final class RollUpCheck {
    private static final int TASKS_AT_ONCE = 256;
    /** Objects are read in the order of the log, a few logs at the same time. */
    private static final int MAX_KEPT = 8;

    private record Log(int incarnation, int timeline, int log) {}

    private final Tally tally;
    private final TaskMonitor monitor;
    private final Map<Log, RollUpPlace> places = new HashMap<>();
    private final Map<Log, Optional<WalRollUp>> kept = new LinkedHashMap<>();

    RollUpCheck(Tally tally, TaskMonitor monitor) {
        this.tally = tally;
        this.monitor = monitor;
    }

    /** Reads every roll-up of an incarnation. */
    void readAll(WalArchive wal, Workers workers) throws IOException {
        List<Workers.Task> tasks = new ArrayList<>();
        for (int timeline : wal.timelinesWithWal()) {
            for (RollUpPlace place : wal.rollUps().list(timeline)) {
                remember(wal, place);
                tasks.add(() -> read(wal, place).ifPresent(ignored -> tally.checked(place.storedBytes())));
                if (tasks.size() >= TASKS_AT_ONCE) {
                    workers.run(tasks);
                    tasks.clear();
                }
            }
        }
        workers.run(tasks);
    }

    private synchronized void remember(WalArchive wal, RollUpPlace place) {
        places.putIfAbsent(new Log(wal.incarnation().number(), place.timeline(), place.log()), place);
    }

    private Optional<WalRollUp> read(WalArchive wal, RollUpPlace place) {
        monitor.checkCancelled();
        List<WalRollUp> read = new ArrayList<>();
        tally.attempt(place.key(), Optional.empty(), () -> {
            try {
                read.add(wal.rollUps().read(place));
            } catch (ObjectMissingException e) {
                monitor.debug(e.getMessage() + ": removed meanwhile");
            }
        });
        return read.stream().findFirst();
    }

    /**
     * Compares what a segment says with the roll-up of its log.
     *
     * @param info of the object, which was read whole
     */
    void compare(WalArchive wal, WalObject object, WalObjectInfo info) {
        if (object.name() instanceof WalFileName.Segment(WalSegmentName name)
                && object.variant().isEmpty()) {
            Optional<WalRollUp> rollUp = rollUp(wal, name);
            rollUp.flatMap(found -> found.entry(name))
                    .filter(entry -> entry.storedBytes() == object.storedBytes())
                    .filter(entry -> !entry.rawSha256().equals(info.rawSha256())
                            || !entry.outline().equals(RollUpWriter.outline(info)))
                    .ifPresent(entry -> tally.found(new Finding(
                            Finding.Kind.DAMAGED,
                            rollUp.get().key(),
                            Optional.empty(),
                            "the roll-up says something else about segment " + name + " than the segment")));
        }
    }

    private synchronized Optional<WalRollUp> rollUp(WalArchive wal, WalSegmentName name) {
        Log log = new Log(wal.incarnation().number(), name.timeline(), name.log());
        RollUpPlace place = places.get(log);
        if (place == null) {
            return Optional.empty();
        }
        Optional<WalRollUp> known = kept.get(log);
        if (known == null) {
            known = read(wal, place);
            if (kept.size() >= MAX_KEPT) {
                kept.remove(kept.keySet().iterator().next());
            }
            kept.put(log, known);
        }
        return known;
    }
}
