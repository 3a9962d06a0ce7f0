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
 * repositories at the same time; opening them overlaps with the reading. It succeeds only when every required repository
 * has the file, durable and confirmed; the others have got it by then as well, as far as they could be reached, so that
 * PostgreSQL's next attempt only repairs what failed.
 */
public final class PushRunner {
    private final List<PushTarget> targets;
    private final Duration deadline;
    private final LongSupplier nanoTime;

    /**
     * @param targets where the file goes; at least one is required
     * @param deadline when to give up ({@code archive-deadline}), so that PostgreSQL's archiver is never blocked for ever
     * @param nanoTime a monotonic clock as {@link System#nanoTime()}
     */
    public PushRunner(List<PushTarget> targets, Duration deadline, LongSupplier nanoTime) {
        this.targets = List.copyOf(targets);
        this.deadline = deadline;
        this.nanoTime = nanoTime;
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
        private volatile @Nullable WalArchive archive;

        Attempt(PushTarget target, Task<PutWalOutcome> task) {
            this.target = target;
            this.task = task;
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
        long deadlineNanos = nanoTime.getAsLong() + deadline.toNanos();
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
                            control.isPresent() ? attempts : List.of(),
                            deadlineNanos,
                            monitor));
            try {
                validation.runHere(validator::validate);
            } catch (PgbkException e) {
                attempts.forEach(attempt -> attempt.task.cancel());
                throw e;
            }
            List<TargetResult> results = new TargetResults(nanoTime, deadlineNanos, deadline)
                    .collect(file.name(), attempts.stream().map(this::pending).toList(), monitor);
            fillBehind(file.name(), attempts, results, deadlineNanos, monitor);
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
                fillAncestors(filler, file.name(), attempts, results);
            }
            return new PushReport(file.name(), results);
        }
    }

    private TargetResults.Pending pending(Attempt attempt) {
        return new TargetResults.Pending(attempt.target.name(), attempt.target.required(), attempt.task);
    }

    private static Attempt begin(PushTarget target, TargetPush push, Task<ValidatedFile> validation) {
        Task<PutWalOutcome> task = new Task<>("pgbk-push-" + target.name());
        Attempt attempt = new Attempt(target, task);
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
     * @param known repositories that find their archive without the file's content
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

    private static void fillAncestors(
            AncestorFiller filler, WalFileName name, List<Attempt> attempts, List<TargetResult> results) {
        if (!filler.isDue(name)) {
            return;
        }
        for (int i = 0; i < attempts.size(); i++) {
            Attempt attempt = attempts.get(i);
            WalArchive archive = attempt.archive;
            if (results.get(i) instanceof TargetResult.Archived && archive != null) {
                filler.fill(attempt.target.name(), archive);
            }
        }
    }

    /** A repository that is not required may have missed segments while it was down: the others have them. */
    private void fillBehind(
            WalFileName name,
            List<Attempt> attempts,
            List<TargetResult> results,
            long deadlineNanos,
            TaskMonitor monitor) {
        if (!(name instanceof WalFileName.Segment segment)) {
            return;
        }
        Attempt complete = attempts.stream()
                .filter(attempt -> attempt.target.required())
                .findFirst()
                .orElseThrow();
        for (int i = 0; i < attempts.size(); i++) {
            Attempt attempt = attempts.get(i);
            WalArchive from = complete.archive;
            WalArchive to = attempt.archive;
            if (!attempt.target.required()
                    && results.get(i) instanceof TargetResult.Archived archived
                    && archived.outcome() instanceof PutWalOutcome.Stored
                    && from != null
                    && to != null) {
                new BacklogFiller(from, to, attempt.target.name(), nanoTime, deadlineNanos, monitor)
                        .fillBefore(segment.name());
            }
        }
    }
}
