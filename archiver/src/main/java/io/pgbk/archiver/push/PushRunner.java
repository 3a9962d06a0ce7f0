package io.pgbk.archiver.push;

import io.pgbk.archiver.ControlFile;
import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts a WAL file into every configured repository: what {@code archive-push} does when it does it itself.
 *
 * <p>The file is validated before anything is stored, read once (segments above 16 MiB twice) and sent to all
 * repositories at the same time; opening them overlaps with the reading. It succeeds when every required repository has
 * the file, durable and confirmed, and only then; the other required ones have got it by then as well, so that
 * PostgreSQL's next attempt only repairs what failed. One that is not required never makes it fail, nor wait for long.
 */
public final class PushRunner {
    private final List<PushTarget> targets;
    private final Duration deadline;
    private final LongSupplier nanoTime;
    private final RepairedMarks marks;

    /** A runner without a memory of what earlier calls found. */
    public PushRunner(List<PushTarget> targets, Duration deadline, LongSupplier nanoTime) {
        this(targets, deadline, nanoTime, RepairedMarks.none());
    }

    /**
     * @param targets where the file goes; at least one is required
     * @param deadline when to give up ({@code archive-deadline}), so that PostgreSQL's archiver is never blocked for ever
     * @param nanoTime a monotonic clock as {@link System#nanoTime()}
     * @param marks what earlier calls found out about repositories that are not required
     */
    public PushRunner(List<PushTarget> targets, Duration deadline, LongSupplier nanoTime, RepairedMarks marks) {
        this.targets = List.copyOf(targets);
        this.deadline = deadline;
        this.nanoTime = nanoTime;
        this.marks = marks;
        if (targets.stream().noneMatch(PushTarget::required)) {
            throw new PgbkException(
                    ErrorCode.CONFIGURATION,
                    "no repository must have the WAL",
                    "At least one repository needs wal: required, which is the default.");
        }
    }

    /** A repository with the thread that serves it, and what the thread found. */
    private static final class Attempt {
        final PushTarget target;
        final Task<PutWalOutcome> task;
        /** Nobody waits for a repository that failed a moment ago. */
        final boolean asked;

        private volatile @Nullable WalArchive archive;

        Attempt(PushTarget target, Task<PutWalOutcome> task, boolean asked) {
            this.target = target;
            this.task = task;
            this.asked = asked;
        }

        RepairedFill.Place filled() {
            return new RepairedFill.Place(target.name(), target.required(), archive);
        }
    }

    /**
     * Pushes one file.
     *
     * @return what became of it; every required repository has it
     * @throws PgbkException WAL_INVALID, OTHER_CLUSTER or USAGE when the file is refused and nothing was stored;
     *     WAL_CONFLICT, TIMELINE_CONFLICT; REPOSITORY_UNREACHABLE and what else repositories throw. No code's exit number
     *     is above 125, which would end PostgreSQL's archiver.
     */
    public PushReport push(PushRequest request, TaskMonitor monitor) {
        return run(request, Optional.empty(), monitor);
    }

    /**
     * Archives a segment that {@link #push} refuses with WAL_CONFLICT: it is kept beside the archived one, in every
     * repository that has another, so that its server's archiving goes on. It is validated as every other.
     *
     * @return what became of it; every required repository has both
     * @throws PgbkException as {@link #push}; USAGE when the file is no segment
     */
    public PushReport resolve(PushRequest request, Resolution resolution, TaskMonitor monitor) {
        return run(request, Optional.of(resolution), monitor);
    }

    private PushReport run(PushRequest request, Optional<Resolution> resolution, TaskMonitor monitor) {
        long startNanos = nanoTime.getAsLong();
        long deadlineNanos = startNanos + deadline.toNanos();
        try (PushedFile file =
                PushedFile.open(request.argument(), request.workingDirectory(), request.dataDirectory())) {
            Optional<PgControl> control = file.dataDirectory(request.dataDirectory())
                    .map(ControlFile::read)
                    .map(ControlFile::control);
            Optional<byte[]> localHistory = file.name().timeline() == 1
                    ? Optional.empty()
                    : LocalHistory.read(file.directory(), file.name().timeline());
            Task<ValidatedFile> validation = new Task<>("pgbk-validate");
            List<Attempt> attempts = new ArrayList<>();
            for (PushTarget target : targets) {
                TargetPush push = new TargetPush(target.name(), file.name(), control, localHistory, resolution);
                attempts.add(begin(target, push, validation));
            }
            FileValidator validator = new FileValidator(
                    file,
                    control,
                    timeline -> history(
                            timeline,
                            localHistory,
                            control.isPresent()
                                    ? attempts.stream()
                                            .filter(attempt -> attempt.target.required())
                                            .toList()
                                    : List.of(),
                            deadlineNanos,
                            monitor));
            try {
                validation.runHere(validator::validate);
            } catch (PgbkException e) {
                attempts.forEach(attempt -> attempt.task.cancel());
                throw e;
            }
            WaitingFiles waiting = new WaitingFiles(file.directory(), file.name());
            List<TargetResult> results = results(file.name(), attempts, waiting, startNanos, deadlineNanos, monitor);
            if (control.isPresent() && localHistory.isPresent()) {
                TimelineHistory line = TimelineHistory.parse(file.name().timeline(), localHistory.get());
                long now = nanoTime.getAsLong();
                AncestorFiller filler = new AncestorFiller(
                        file.directory(),
                        control.get(),
                        line,
                        nanoTime,
                        now + Math.max(0, deadlineNanos - now) / 2,
                        monitor);
                fillAncestors(filler, file.name(), attempts);
            }
            if (file.name() instanceof WalFileName.Segment(WalSegmentName segment)) {
                new RepairedFill(marks, waiting, nanoTime, deadlineNanos, monitor)
                        .fill(segment, attempts.stream().map(Attempt::filled).toList(), results);
            }
            return new PushReport(file.name(), results);
        }
    }

    /** All are waited for, also when a required one failed: the others can have the file all the same. */
    private List<TargetResult> results(
            WalFileName name,
            List<Attempt> attempts,
            WaitingFiles waiting,
            long startNanos,
            long deadlineNanos,
            TaskMonitor monitor) {
        List<TargetResult> required = new ArrayList<>();
        @Nullable PgbkException failure = null;
        try {
            required.addAll(new TargetResults(nanoTime, deadlineNanos, deadline)
                    .collect(
                            name,
                            attempts.stream()
                                    .filter(attempt -> attempt.target.required())
                                    .map(attempt -> new TargetResults.Pending(attempt.target.name(), attempt.task))
                                    .toList(),
                            monitor));
        } catch (PgbkException e) {
            failure = e;
        }
        RepairedPush repaired = new RepairedPush(waiting, nanoTime, startNanos, deadlineNanos);
        List<TargetResult> results = new ArrayList<>();
        for (Attempt attempt : attempts) {
            if (!attempt.target.required()) {
                results.add(
                        attempt.asked
                                ? repaired.result(name, attempt.target.name(), attempt.task, monitor)
                                : new TargetResult.Resting(attempt.target.name()));
            } else if (failure == null) {
                results.add(required.removeFirst());
            }
        }
        if (failure != null) {
            throw failure;
        }
        return results;
    }

    private Attempt begin(PushTarget target, TargetPush push, Task<ValidatedFile> validation) {
        Task<PutWalOutcome> task = new Task<>("pgbk-push-" + target.name());
        Attempt attempt = new Attempt(target, task, target.required() || !marks.isResting(target.name()));
        if (!attempt.asked) {
            return attempt;
        }
        task.start(() -> {
            ClusterCatalog cluster = target.cluster().get();
            WalArchive early = push.archive(cluster).orElse(null);
            attempt.archive = early;
            ValidatedFile file = validation.get();
            WalArchive archive = early == null ? push.archive(cluster, file) : early;
            attempt.archive = archive;
            return push.put(archive, file);
        });
        return attempt;
    }

    /**
     * The way to a timeline: from pg_wal, else from an archive, else as PostgreSQL takes a timeline without a file, as one
     * without ancestors.
     *
     * @param known required repositories that find their archive without the file's content
     */
    private TimelineHistory history(
            int timeline, Optional<byte[]> localHistory, List<Attempt> known, long deadlineNanos, TaskMonitor monitor) {
        if (localHistory.isPresent()) {
            return TimelineHistory.parse(timeline, localHistory.get());
        }
        for (Attempt attempt : known) {
            while (attempt.archive == null && attempt.task.isRunning() && nanoTime.getAsLong() < deadlineNanos) {
                Task.pause();
            }
            WalArchive archive = attempt.archive;
            if (archive != null) {
                Optional<TimelineHistory> archived = archive.history(timeline);
                if (archived.isPresent()) {
                    return archived.get();
                }
            }
        }
        monitor.warn("neither pg_wal nor the archive has " + new WalFileName.History(timeline));
        return TimelineHistory.root(timeline);
    }

    private static void fillAncestors(AncestorFiller filler, WalFileName name, List<Attempt> attempts) {
        if (!filler.isDue(name)) {
            return;
        }
        for (Attempt attempt : attempts) {
            WalArchive archive = attempt.archive;
            // The others are filled from the required ones.
            if (attempt.target.required() && archive != null) {
                filler.fill(attempt.target.name(), archive);
            }
        }
    }
}
