package io.pgbk.archiver.push;

import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * After a push: remembers which repositories missed the segment, and fills those that came back from a required one, as
 * long as PostgreSQL has nothing else to archive.
 */
final class RepairedFill {
    private static final Duration LONGEST = Duration.ofSeconds(10);
    private static final Duration FAREWELL = Duration.ofMillis(200);

    private final RepairedMarks marks;
    private final WaitingFiles waiting;
    private final LongSupplier nanoTime;
    private final long deadlineNanos;
    private final TaskMonitor monitor;

    /**
     * A repository of the push.
     *
     * @param archive null when it was not opened
     */
    record Place(String name, boolean required, @Nullable WalArchive archive) {}

    RepairedFill(
            RepairedMarks marks, WaitingFiles waiting, LongSupplier nanoTime, long deadlineNanos, TaskMonitor monitor) {
        this.marks = marks;
        this.waiting = waiting;
        this.nanoTime = nanoTime;
        this.deadlineNanos = deadlineNanos;
        this.monitor = monitor;
    }

    /**
     * Does so for all of them.
     *
     * @param results what became of the segment in each place, in the same order
     */
    void fill(WalSegmentName name, List<Place> places, List<TargetResult> results) {
        WalArchive complete = places.stream()
                .filter(Place::required)
                .map(Place::archive)
                .filter(archive -> archive != null)
                .findFirst()
                .orElse(null);
        if (complete == null) {
            return;
        }
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            if (!place.required()) {
                fill(name, place, results.get(i), complete);
            }
        }
    }

    private void fill(WalSegmentName name, Place place, TargetResult result, WalArchive complete) {
        switch (result) {
            case TargetResult.Resting _ ->
                marks.missed(place.name(), name, complete.incarnation().segmentSize());
            case TargetResult.Postponed _ -> {
                marks.missed(place.name(), name, complete.incarnation().segmentSize());
                marks.failed(place.name());
            }
            case TargetResult.Archived(String _, PutWalOutcome _) -> {
                WalArchive archive = place.archive();
                if (archive != null && !waiting.any()) {
                    fillBehind(name, place.name(), complete, archive);
                }
            }
        }
    }

    private void fillBehind(WalSegmentName name, String repository, WalArchive from, WalArchive to) {
        long left = Math.max(0, deadlineNanos - nanoTime.getAsLong()) / 2;
        QuietTime time = new QuietTime(waiting, nanoTime, Math.min(left, LONGEST.toNanos()), 0);
        Task<Boolean> task = new Task<>("pgbk-fill-" + repository);
        task.start(() -> {
            new BacklogFiller(from, to, repository, marks, time, monitor).fillBefore(name);
            return true;
        });
        // A store that hangs must not keep PostgreSQL waiting, whatever its requests' own deadlines are.
        if (!time.await(task)) {
            task.cancel();
            task.await(FAREWELL.toNanos());
            return;
        }
        try {
            task.get();
        } catch (RuntimeException e) {
            if (!(e instanceof PgbkException known && known.code() == ErrorCode.INTERRUPTED)) {
                monitor.warn("repository " + repository + " could not be filled: " + e.getMessage());
            }
        }
    }
}
