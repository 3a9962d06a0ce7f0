package io.pgbk.restore.plan;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineTree;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TimelineChoice;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Decides how to reach a recovery target: a pure function of what the repository holds. It proves, before anything is
 * written, that the WAL from the backup to the target is there without a hole, as far as names and indexes say.
 */
public final class RestorePlanner {
    private final WalView wal;
    private final List<BackupCandidate> backups;
    private final Instant now;
    private final CommitTimes times;

    /**
     * A planner for one incarnation.
     *
     * @param backups every listed backup of it, in any order
     * @param now by the host's clock; only a target time in the future is refused because of it
     */
    public RestorePlanner(WalView wal, List<BackupCandidate> backups, Instant now) {
        this.wal = wal;
        this.backups = List.copyOf(backups);
        this.now = now;
        this.times = new CommitTimes(wal);
    }

    /**
     * The plan.
     *
     * @throws PgbkException TARGET_UNREACHABLE, NO_FITTING_BACKUP or WAL_GAP, with what is possible instead
     */
    public RecoveryPlan plan(RestoreGoal goal) {
        List<BackupCandidate> usable = usable(goal);
        return switch (goal.timeline()) {
            case TimelineChoice.Numbered(int timeline) -> {
                if (wal.timelines().history(timeline).isEmpty()) {
                    throw new PgbkException(
                            ErrorCode.TARGET_UNREACHABLE,
                            "timeline " + Integer.toUnsignedString(timeline) + " is not in the archive",
                            "Its timelines are " + names(wal.timelines().timelines()) + ".");
                }
                yield require(along(timeline, usable, goal.target())).plan();
            }
            case TimelineChoice.Newest() ->
                require(along(newestTimeline(), usable, goal.target())).plan();
            case TimelineChoice.OfBackup() -> ofBackup(goal, usable);
            case TimelineChoice.Automatic() -> new ReplayEnd(wal, automatic(goal, usable)).followed();
        };
    }

    private List<BackupCandidate> usable(RestoreGoal goal) {
        if (goal.label().isPresent()) {
            String label = goal.label().get();
            return List.of(backups.stream()
                    .filter(backup -> backup.label().equals(label))
                    .findFirst()
                    .orElseThrow(() -> new PgbkException(
                            ErrorCode.NO_FITTING_BACKUP,
                            "there is no backup " + label,
                            "`pgbk info` lists the backups.")));
        }
        List<BackupCandidate> usable =
                backups.stream().filter(backup -> !backup.verdictNegative()).toList();
        if (usable.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.NO_FITTING_BACKUP,
                    backups.isEmpty()
                            ? "the repository holds no backup of this cluster"
                            : "every backup was found damaged by a verification or drill",
                    backups.isEmpty()
                            ? "Take one with `pgbk backup`."
                            : "--backup LABEL takes one of them all the same.");
        }
        return usable;
    }

    private Attempt along(int timeline, List<BackupCandidate> usable, RecoveryTarget target) {
        return new LinePlanner(wal, times, timeline, BackupsOnLine.newestFirst(wal, timeline, usable), now)
                .attempt(target);
    }

    private RecoveryPlan ofBackup(RestoreGoal goal, List<BackupCandidate> usable) {
        Optional<Attempt.Refused> first = Optional.empty();
        List<BackupCandidate> newestFirst = usable.stream()
                .sorted(Comparator.comparing(BackupCandidate::timeline, Integer::compareUnsigned)
                        .thenComparing(BackupCandidate::stopLsn)
                        .reversed())
                .toList();
        for (BackupCandidate backup : newestFirst) {
            switch (along(backup.timeline(), List.of(backup), goal.target())) {
                case Attempt.Planned(RecoveryPlan plan, int _) -> {
                    return plan;
                }
                case Attempt.Refused refused -> first = first.or(() -> Optional.of(refused));
            }
        }
        throw first.orElseThrow().toException();
    }

    private Attempt.Planned automatic(RestoreGoal goal, List<BackupCandidate> usable) {
        int current = currentLine(goal, usable);
        return switch (goal.target()) {
            case RecoveryTarget.Latest _, RecoveryTarget.Immediate _ -> require(along(current, usable, goal.target()));
            case RecoveryTarget.Time time -> automaticTime(time, current, usable);
            case RecoveryTarget.Xid _, RecoveryTarget.Name _, RecoveryTarget.LsnTarget _ ->
                automaticPoint(goal.target(), current, usable);
        };
    }

    /** The newest timeline's line; that of a certain backup when the newest does not lead through it. */
    private int currentLine(RestoreGoal goal, List<BackupCandidate> usable) {
        int newest = newestTimeline();
        if (goal.label().isEmpty() || BackupsOnLine.isOn(wal, newest, usable.getFirst())) {
            return newest;
        }
        return usable.getFirst().timeline();
    }

    private Attempt.Planned automaticTime(RecoveryTarget.Time target, int current, List<BackupCandidate> usable) {
        if (liesOnLine(current, target.time())) {
            return require(along(current, usable, target));
        }
        List<Integer> others = others(current).stream()
                .filter(timeline -> times.lifeOf(timeline)
                        .filter(life -> life.contains(target.time()))
                        .isPresent())
                .toList();
        List<Attempt.Planned> ways = new ArrayList<>();
        for (int timeline : others) {
            if (along(timeline, usable, target) instanceof Attempt.Planned planned) {
                ways.add(planned);
            }
        }
        return ways.isEmpty() ? require(along(current, usable, target)) : theOnly(ways, target, current);
    }

    private Attempt.Planned automaticPoint(RecoveryTarget target, int current, List<BackupCandidate> usable) {
        Attempt onCurrent = along(current, usable, target);
        if (!(onCurrent instanceof Attempt.Refused refused) || !refused.elsewhere()) {
            return require(onCurrent);
        }
        List<Attempt.Planned> ways = new ArrayList<>();
        for (int timeline : others(current)) {
            if (along(timeline, usable, target) instanceof Attempt.Planned planned
                    && planned.stopTimeline() == timeline) {
                ways.add(planned);
            }
        }
        return ways.isEmpty() ? require(onCurrent) : theOnly(ways, target, current);
    }

    private static Attempt.Planned theOnly(List<Attempt.Planned> ways, RecoveryTarget target, int current) {
        if (ways.size() > 1) {
            throw new PgbkException(
                    ErrorCode.TARGET_UNREACHABLE,
                    target.describe() + " is not on the current line (timeline " + Integer.toUnsignedString(current)
                            + ") but on several others: timelines "
                            + names(ways.stream()
                                    .map(way -> way.plan().timeline())
                                    .toList()),
                    "Choose one with --target-timeline.");
        }
        Attempt.Planned way = ways.getFirst();
        RecoveryPlan plan = way.plan();
        List<String> notes = new ArrayList<>(plan.notes());
        notes.add("the target lies on timeline " + Integer.toUnsignedString(plan.timeline())
                + ", which the current line (timeline " + Integer.toUnsignedString(current) + ") left earlier");
        return new Attempt.Planned(plan.with(plan.timeline(), notes), way.stopTimeline());
    }

    private boolean liesOnLine(int timeline, Instant time) {
        return wal.timelines().path(timeline).stream()
                .anyMatch(range ->
                        times.lifeOf(range).filter(life -> life.contains(time)).isPresent());
    }

    private List<Integer> others(int current) {
        return wal.timelines().timelines().stream()
                .filter(timeline -> timeline != current)
                .toList();
    }

    private int newestTimeline() {
        TimelineTree tree = wal.timelines();
        return tree.newest()
                .or(() -> backups.stream().map(BackupCandidate::timeline).max(Integer::compareUnsigned))
                .orElseThrow(() ->
                        new PgbkException(ErrorCode.NO_FITTING_BACKUP, "the repository holds no WAL of this cluster"));
    }

    private static Attempt.Planned require(Attempt attempt) {
        return switch (attempt) {
            case Attempt.Planned planned -> planned;
            case Attempt.Refused refused -> throw refused.toException();
        };
    }

    private static String names(List<Integer> timelines) {
        return timelines.stream().map(Integer::toUnsignedString).collect(Collectors.joining(", "));
    }
}
