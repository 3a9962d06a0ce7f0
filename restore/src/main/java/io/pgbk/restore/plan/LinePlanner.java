package io.pgbk.restore.plan;

import io.pgbk.error.ErrorCode;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.wal.WalEvents;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Plans along one line of history: picks the backup and follows the WAL from it to the target. */
final class LinePlanner {
    private final WalView wal;
    private final CommitTimes times;
    private final int timeline;
    private final List<BackupCandidate> candidates;
    private final Instant now;

    /** @param candidates backups of this line, newest first */
    LinePlanner(WalView wal, CommitTimes times, int timeline, List<BackupCandidate> candidates, Instant now) {
        this.wal = wal;
        this.times = times;
        this.timeline = timeline;
        this.candidates = List.copyOf(candidates);
        this.now = now;
    }

    Attempt attempt(RecoveryTarget target) {
        if (candidates.isEmpty()) {
            return new Attempt.Refused(
                    ErrorCode.NO_FITTING_BACKUP,
                    "no usable backup lies on the line of timeline " + Integer.toUnsignedString(timeline),
                    "`pgbk info` lists the backups and their timelines.",
                    true);
        }
        return switch (target) {
            case RecoveryTarget.Latest latest -> latest(latest);
            case RecoveryTarget.Immediate immediate -> immediate(immediate);
            case RecoveryTarget.Time time -> time(time);
            case RecoveryTarget.LsnTarget lsn -> lsn(lsn);
            case RecoveryTarget.Xid xid -> new XidPlanner(this).attempt(xid);
            case RecoveryTarget.Name name -> new NamePlanner(this).attempt(name);
        };
    }

    List<BackupCandidate> candidates() {
        return candidates;
    }

    WalView wal() {
        return wal;
    }

    Route routeFrom(BackupCandidate backup) {
        return Route.along(wal, timeline, backup.startLsn());
    }

    SegmentFacts facts(Route.Step step) {
        return wal.facts(step.timeline(), step.number());
    }

    private Attempt latest(RecoveryTarget target) {
        BackupCandidate backup = candidates.getFirst();
        Route route = routeFrom(backup);
        if (route.gap().isPresent() || !route.reaches(backup.stopLsn())) {
            return brokenBefore("the end of the archive", backup, route);
        }
        return planned(target, target, backup, route, Optional.empty(), List.of());
    }

    private Attempt immediate(RecoveryTarget target) {
        BackupCandidate backup = candidates.getFirst();
        Route route = routeFrom(backup);
        if (!route.reaches(backup.stopLsn())) {
            return brokenBefore("its own end at " + backup.stopLsn(), backup, route);
        }
        return planned(target, target, backup, route, Optional.of(backup.stopLsn()), List.of());
    }

    private Attempt lsn(RecoveryTarget.LsnTarget target) {
        Optional<BackupCandidate> fitting = candidates.stream()
                .filter(backup -> !backup.stopLsn().isAfter(target.lsn()))
                .findFirst();
        if (fitting.isEmpty()) {
            BackupCandidate oldest = candidates.getLast();
            return new Attempt.Refused(
                    ErrorCode.NO_FITTING_BACKUP,
                    "WAL position " + target.lsn() + " is before the end of backup " + oldest.label() + " at "
                            + oldest.stopLsn(),
                    "The earliest position that can be reached with it is " + oldest.stopLsn() + ".",
                    true);
        }
        BackupCandidate backup = fitting.get();
        Route route = routeFrom(backup);
        Optional<Lsn> end = recordEnd(route);
        if (end.isPresent() && target.lsn().isBefore(end.get())) {
            return planned(
                    target, target, backup, route, Optional.of(target.lsn().plus(1)), List.of());
        }
        if (route.gap().isPresent() || end.isEmpty()) {
            return brokenBefore(target.describe(), backup, route);
        }
        if (target.lsn().equals(end.get())) {
            return planned(
                    target,
                    new RecoveryTarget.Latest(),
                    backup,
                    route,
                    Optional.empty(),
                    List.of("the archive ends exactly at " + target.lsn() + ": recovery runs to its end, and the"
                            + " target action has no effect"));
        }
        return new Attempt.Refused(
                ErrorCode.TARGET_UNREACHABLE,
                "WAL position " + target.lsn() + " is behind the end of the archive at " + end.get() + " on timeline "
                        + Integer.toUnsignedString(timeline),
                "The latest position is " + end.get() + "; a restore without target goes there.",
                true);
    }

    private Attempt time(RecoveryTarget.Time target) {
        if (target.time().isAfter(now)) {
            return new Attempt.Refused(
                    ErrorCode.TARGET_UNREACHABLE,
                    "time " + target.value() + " is in the future (it is " + TargetTime.format(now) + ")",
                    restorable(),
                    false);
        }
        Optional<BackupCandidate> fitting =
                candidates.stream().filter(backup -> fits(backup, target)).findFirst();
        if (fitting.isEmpty()) {
            BackupCandidate oldest = candidates.getLast();
            return new Attempt.Refused(
                    ErrorCode.NO_FITTING_BACKUP,
                    "time " + target.value() + " is before what backup " + oldest.label() + " can be restored to, "
                            + TargetTime.format(times.reachableFrom(oldest)) + " at the earliest",
                    restorable(),
                    true);
        }
        return timeFrom(fitting.get(), target);
    }

    private boolean fits(BackupCandidate backup, RecoveryTarget.Time target) {
        Instant from = times.reachableFrom(backup);
        return target.exclusive() ? from.isBefore(target.time()) : !from.isAfter(target.time());
    }

    private Attempt timeFrom(BackupCandidate backup, RecoveryTarget.Time target) {
        Route route = routeFrom(backup);
        if (!route.reaches(backup.stopLsn())) {
            return brokenBefore(target.describe(), backup, route);
        }
        long stopNumber = backup.stopLsn().segmentNumber(wal.segmentSize());
        boolean complete = true;
        Optional<Instant> last = Optional.empty();
        Optional<WalEvents.CheckpointSeen> checkpoint = Optional.empty();
        for (Route.Step step : route.forward(0)) {
            SegmentFacts facts = facts(step);
            complete &= facts.known();
            Optional<Instant> highest = facts.highestCommitTime();
            last = CommitTimes.latest(last, highest);
            checkpoint = Optional.ofNullable(
                    facts.checkpoints().isEmpty()
                            ? checkpoint.orElse(null)
                            : facts.checkpoints().getLast());
            if (step.number() >= stopNumber
                    && highest.filter(time -> stopsAt(time, target)).isPresent()) {
                Lsn end = new Lsn((step.number() + 1) * wal.segmentSize().bytes());
                return planned(target, target, backup, route, Optional.of(end), List.of());
            }
        }
        if (route.gap().isPresent()) {
            return brokenBefore(target.describe(), backup, route);
        }
        return afterLastCommit(backup, target, route, complete, last, checkpoint);
    }

    /** Whether recovery to this time ends at a transaction that ended then. */
    static boolean stopsAt(Instant commit, RecoveryTarget.Time target) {
        return target.exclusive() ? !commit.isBefore(target.time()) : commit.isAfter(target.time());
    }

    /**
     * No transaction of the archive ends behind the target. PostgreSQL would run to the end and then fail; so recovery
     * is told to stop at a checkpoint that is known to be later than the target.
     */
    private Attempt afterLastCommit(
            BackupCandidate backup,
            RecoveryTarget.Time target,
            Route route,
            boolean complete,
            Optional<Instant> last,
            Optional<WalEvents.CheckpointSeen> checkpoint) {
        if (!complete) {
            return planned(
                    target,
                    target,
                    backup,
                    route,
                    Optional.empty(),
                    List.of("not all WAL could be read, so it is not certain that the target time is reached"));
        }
        if (checkpoint.filter(seen -> !seen.time().isBefore(target.time())).isPresent()) {
            Lsn at = checkpoint.get().lsn();
            boolean duringBackup = at.isBefore(backup.stopLsn());
            RecoveryTarget stop =
                    duringBackup ? new RecoveryTarget.Immediate() : new RecoveryTarget.LsnTarget(at, false);
            return planned(
                    target,
                    stop,
                    backup,
                    route,
                    Optional.of(duringBackup ? backup.stopLsn() : at.plus(1)),
                    List.of("no transaction ended after " + target.value() + ": recovery stops at "
                            + (duringBackup ? "the end of the backup" : "the checkpoint at " + at)
                            + ", which holds the same data"));
        }
        if (last.filter(target.time()::equals).isPresent()) {
            return planned(
                    target,
                    new RecoveryTarget.Latest(),
                    backup,
                    route,
                    Optional.empty(),
                    List.of("the last transaction of the archive ended at " + target.value()
                            + ": recovery runs to the end of the archive, and the target action has no effect"));
        }
        return new Attempt.Refused(
                ErrorCode.TARGET_UNREACHABLE,
                "time " + target.value() + " is after the last moment that the archive knows of on timeline "
                        + Integer.toUnsignedString(timeline),
                restorable() + " A restore without target goes to the end of the archive.",
                true);
    }

    /** The end of the last record of the route, as far as known; the end of its last segment otherwise. */
    private Optional<Lsn> recordEnd(Route route) {
        for (Route.Step step : route.backward()) {
            SegmentFacts facts = facts(step);
            if (!facts.known()) {
                return Optional.of(
                        new Lsn((step.number() + 1) * wal.segmentSize().bytes()));
            }
            if (facts.lastRecordEndLsn().isPresent()) {
                return facts.lastRecordEndLsn();
            }
        }
        return Optional.empty();
    }

    /** The refusal of a target that lies behind a hole, with the best that can be had instead. */
    Attempt.Refused brokenBefore(String what, BackupCandidate backup, Route route) {
        boolean removed = route.gap()
                .filter(gap -> wal.wasRemoved(gap.from().timeline(), gap.from().number(wal.segmentSize())))
                .isPresent();
        String missing = route.gap().map(Route.Gap::describe).orElseGet(() -> {
            Lsn next = route.end().orElse(backup.startLsn());
            return "WAL segment " + nameAt(next) + " is missing";
        });
        String offer = "";
        if (route.reaches(backup.stopLsn())) {
            offer = latestReachable(backup, route);
        }
        if (removed) {
            return new Attempt.Refused(
                    ErrorCode.WAL_GAP,
                    missing + " between backup " + backup.label() + " and " + what
                            + ": it was removed because nothing that is kept needs it",
                    "Of this backup only its own WAL was kept." + offer,
                    false);
        }
        return new Attempt.Refused(
                ErrorCode.WAL_GAP,
                missing + " between backup " + backup.label() + " and " + what,
                "If a server still has it in pg_wal, archive it from there." + offer,
                false);
    }

    private String nameAt(Lsn lsn) {
        int writer = wal.timelines()
                .history(timeline)
                .map(history -> history.timelineAt(lsn))
                .orElse(timeline);
        return io.pgbk.postgres.WalSegmentName.of(writer, lsn, wal.segmentSize())
                .toString();
    }

    private String latestReachable(BackupCandidate backup, Route route) {
        for (Route.Step step : route.backward()) {
            SegmentFacts facts = facts(step);
            Optional<Lsn> at = facts.lastKnownRecordLsn().filter(lsn -> !lsn.isBefore(backup.stopLsn()));
            if (at.isPresent()) {
                String when = lastCommitUpTo(route, at.get())
                        .map(time -> " (" + TargetTime.format(time) + ")")
                        .orElse("");
                return " The latest point that can be reached is --target-lsn " + at.get() + when + ".";
            }
        }
        return " The latest point that can be reached is the end of the backup: --target-immediate.";
    }

    private Optional<Instant> lastCommitUpTo(Route route, Lsn lsn) {
        for (Route.Step step : route.backward()) {
            Lsn start = new Lsn(step.number() * wal.segmentSize().bytes());
            if (start.isBefore(lsn)) {
                Optional<Instant> time = facts(step).highestCommitTimeUpTo(lsn);
                if (time.isPresent()) {
                    return time;
                }
            }
        }
        return Optional.empty();
    }

    String restorable() {
        List<RecoveryWindow> windows = RecoveryWindows.of(candidates, wal);
        return windows.isEmpty()
                ? "No time can be restored to on this line."
                : "Times that can be restored to: " + RecoveryWindows.describe(windows) + ".";
    }

    Attempt planned(
            RecoveryTarget requested,
            RecoveryTarget target,
            BackupCandidate backup,
            Route route,
            Optional<Lsn> walTo,
            List<String> notes) {
        List<WalEvents.TablespaceCreated> created = new ArrayList<>();
        boolean complete = true;
        int stopTimeline = timeline;
        for (Route.Step step : route.forward(0)) {
            Lsn start = new Lsn(step.number() * wal.segmentSize().bytes());
            if (walTo.filter(end -> !start.isBefore(end)).isPresent()) {
                break;
            }
            stopTimeline = step.timeline();
            SegmentFacts facts = facts(step);
            complete &= facts.known();
            facts.createdTablespaces().stream()
                    .filter(event -> !event.lsn().isBefore(backup.startLsn()))
                    .filter(event -> walTo.isEmpty() || event.lsn().isBefore(walTo.get()))
                    .forEach(created::add);
        }
        List<String> all = new ArrayList<>(notes);
        if (backup.verdictNegative()) {
            all.add("a verification or drill found backup " + backup.label() + " damaged");
        }
        return new Attempt.Planned(
                new RecoveryPlan(backup, requested, target, timeline, backup.startLsn(), walTo, created, complete, all),
                stopTimeline);
    }
}
