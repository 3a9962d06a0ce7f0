package io.pgbk.restore.plan;

import static io.pgbk.restore.plan.TestArchive.lsn;
import static io.pgbk.restore.plan.TestArchive.minute;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TimelineChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The planner's decisions as a table. A plan is written {@code label -> target @timeline}, a refusal as its exit code
 * and a part of its message or hint. See {@link TestArchive} for the archive's clock: segment n of {@link #plain()} ends
 * its transaction at minute 10 n + 5.
 */
class RestorePlannerTest {
    private static final TimelineChoice AUTOMATIC = new TimelineChoice.Automatic();

    record Case(
            String name,
            Supplier<TestArchive> archive,
            List<BackupCandidate> backups,
            RestoreGoal goal,
            String expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void plans(Case given) {
        RestorePlanner planner = new RestorePlanner(given.archive().get(), given.backups(), minute(1000));
        String actual;
        try {
            RecoveryPlan plan = planner.plan(given.goal());
            actual = plan.backup().label() + " -> " + describe(plan.target()) + " @" + plan.timeline()
                    + (plan.createdTablespaces().isEmpty()
                            ? ""
                            : " +" + plan.createdTablespaces().size() + " tablespaces")
                    + (plan.walComplete() ? "" : " (unread)");
        } catch (PgbkException e) {
            actual = e.code().exit() + " " + e.getMessage() + " | " + e.hint();
        }
        if (Character.isDigit(given.expected().charAt(0))) {
            String[] parts = given.expected().split(" ~ ", -1);
            assertThat(actual).startsWith(parts[0]);
            for (String part : parts) {
                assertThat(actual).contains(part);
            }
        } else {
            assertThat(actual).isEqualTo(given.expected());
        }
    }

    private static String describe(RecoveryTarget target) {
        return switch (target) {
            case RecoveryTarget.Time time ->
                "minute "
                        + java.time.Duration.between(TestArchive.START, time.time())
                                        .toMillis()
                                / 60_000.0
                        + (time.exclusive() ? " exclusive" : "");
            case RecoveryTarget.LsnTarget at ->
                "lsn " + (double) at.lsn().value() / TestArchive.SIZE.bytes() + (at.exclusive() ? " exclusive" : "");
            default -> target.describe();
        };
    }

    // Archives.

    /** Timeline 1, segments 1 to 20, a transaction at minute 10 n + 5 in each. */
    private static TestArchive plain() {
        return new TestArchive().fill(1, 1, 20, 15);
    }

    /** Plain up to 10; a first PITR left timeline 1 at 6.25 for timeline 2, which lived from minute 200 on. */
    private static TestArchive forked() {
        return new TestArchive()
                .fill(1, 1, 10, 15)
                .promote(2, 1, 6.25)
                .fill(2, 6, 12, 205)
                .checkpoint(2, 6.3, 200);
    }

    /** Two PITRs from timeline 1 after each other; both tails have their own time. */
    private static TestArchive twiceForked() {
        return forked().promote(3, 1, 4.25).fill(3, 4, 8, 405).checkpoint(3, 4.3, 400);
    }

    /** Failover after failover: 1 to 2 at 5.5, 2 to 3 at 8.5, without any loss. */
    private static TestArchive failedOver() {
        return new TestArchive()
                .fill(1, 1, 4, 15)
                .promote(2, 1, 5.25)
                .fill(2, 5, 7, 55)
                .checkpoint(2, 5.3, 52)
                .promote(3, 2, 8.25)
                .fill(3, 8, 12, 85)
                .checkpoint(3, 8.3, 82);
    }

    // Backups. With the transactions in the middle, a backup that ends at n.25 can be restored to from minute
    // 10 (n-1) + 5 on, one that ends at n.75 from minute 10 n + 5 on.

    private static BackupCandidate backup(String label, int timeline, double start, double stop) {
        return new BackupCandidate(label, timeline, lsn(start), lsn(stop), minute(stop * 10 + 1), false);
    }

    private static BackupCandidate bad(String label, int timeline, double start, double stop) {
        return new BackupCandidate(label, timeline, lsn(start), lsn(stop), minute(stop * 10 + 1), true);
    }

    private static final List<BackupCandidate> TWO = List.of(backup("A", 1, 2, 2.75), backup("B", 1, 8, 8.75));
    private static final List<BackupCandidate> ONE = List.of(backup("A", 1, 2, 2.75));
    private static final List<BackupCandidate> FORKED =
            List.of(backup("A", 1, 2, 2.75), backup("B", 1, 8, 8.75), backup("C", 2, 10, 10.75));

    // Goals.

    private static RestoreGoal to(RecoveryTarget target) {
        return new RestoreGoal(target, AUTOMATIC, Optional.empty());
    }

    private static RestoreGoal to(RecoveryTarget target, TimelineChoice timeline) {
        return new RestoreGoal(target, timeline, Optional.empty());
    }

    private static RestoreGoal with(String label, RecoveryTarget target) {
        return new RestoreGoal(target, AUTOMATIC, Optional.of(label));
    }

    private static RecoveryTarget time(double minute) {
        return new RecoveryTarget.Time(minute(minute), false);
    }

    private static RecoveryTarget timeExclusive(double minute) {
        return new RecoveryTarget.Time(minute(minute), true);
    }

    private static RecoveryTarget at(double segment) {
        return new RecoveryTarget.LsnTarget(lsn(segment), false);
    }

    private static RecoveryTarget xid(long xid) {
        return new RecoveryTarget.Xid(xid, false);
    }

    private static RecoveryTarget name(String name) {
        return new RecoveryTarget.Name(name);
    }

    private static RecoveryTarget latest() {
        return new RecoveryTarget.Latest();
    }

    private static RecoveryTarget immediate() {
        return new RecoveryTarget.Immediate();
    }

    private static TimelineChoice numbered(int timeline) {
        return new TimelineChoice.Numbered(timeline);
    }

    static Stream<Case> plans() {
        List<Case> all = new ArrayList<>();
        all.addAll(endOfArchive());
        all.addAll(times());
        all.addAll(timesAtTheEnd());
        all.addAll(branches());
        all.addAll(positions());
        all.addAll(transactions());
        all.addAll(names());
        all.addAll(gaps());
        all.addAll(choices());
        all.addAll(unread());
        all.addAll(tablespaces());
        return all.stream();
    }

    private static Case c(
            String name,
            Supplier<TestArchive> archive,
            List<BackupCandidate> backups,
            RestoreGoal goal,
            String expected) {
        return new Case(name, archive, backups, goal, expected);
    }

    private static List<Case> endOfArchive() {
        return List.of(
                c("latest takes the newest backup", RestorePlannerTest::plain, TWO, to(latest()), "B -> latest @1"),
                c(
                        "latest follows the newest timeline",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(latest()),
                        "C -> latest @2"),
                c(
                        "latest after failovers starts on an ancestor",
                        RestorePlannerTest::failedOver,
                        ONE,
                        to(latest()),
                        "A -> latest @3"),
                c(
                        "immediate takes the newest backup",
                        RestorePlannerTest::plain,
                        TWO,
                        to(immediate()),
                        "B -> immediate @1"),
                c(
                        "a backup beyond the fork is not on the new line",
                        RestorePlannerTest::forked,
                        TWO,
                        to(latest()),
                        "A -> latest @2"),
                c(
                        "no backup at all",
                        RestorePlannerTest::plain,
                        List.of(),
                        to(latest()),
                        "62 the repository holds no backup"),
                c(
                        "only damaged backups",
                        RestorePlannerTest::plain,
                        List.of(bad("A", 1, 2, 2.75)),
                        to(latest()),
                        "62 every backup was found damaged"),
                c(
                        "a damaged backup is passed over",
                        RestorePlannerTest::plain,
                        List.of(backup("A", 1, 2, 2.75), bad("B", 1, 8, 8.75)),
                        to(latest()),
                        "A -> latest @1"),
                c(
                        "a damaged backup that is named is taken",
                        RestorePlannerTest::plain,
                        List.of(bad("A", 1, 2, 2.75)),
                        with("A", latest()),
                        "A -> latest @1"),
                c("an unknown label", RestorePlannerTest::plain, TWO, with("X", latest()), "62 there is no backup X"));
    }

    private static List<Case> times() {
        return List.of(
                c(
                        "a time takes the newest backup before it",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(120)),
                        "B -> minute 120.0 @1"),
                c(
                        "an earlier time takes an earlier backup",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(50)),
                        "A -> minute 50.0 @1"),
                c(
                        "exactly the last commit in the backup fits it",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(85)),
                        "B -> minute 85.0 @1"),
                c(
                        "just before the last commit in the backup does not fit it",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(84.9)),
                        "A -> minute 84.9 @1"),
                c(
                        "exclusively the last commit in the backup does not fit it",
                        RestorePlannerTest::plain,
                        TWO,
                        to(timeExclusive(85)),
                        "A -> minute 85.0 exclusive @1"),
                c(
                        "before the first backup's end",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(20)),
                        "62 time ~ is before what backup A can be restored to ~ 2026-11-21 00:25:00+00 to"),
                c(
                        "during the first backup is before its end",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(24.9)),
                        "62 time ~ at the earliest"),
                c(
                        "in the future",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(2000)),
                        "61 time ~ is in the future ~ 2026-11-21 00:25:00+00 to 2026-11-21 03:25:00+00 on timeline 1"),
                c(
                        "a named backup that ends after the time",
                        RestorePlannerTest::plain,
                        TWO,
                        with("B", time(50)),
                        "62 time ~ backup B"),
                c("a named older backup", RestorePlannerTest::plain, TWO, with("A", time(120)), "A -> minute 120.0 @1"),
                c(
                        "a quiet backup reaches back to the last commit before it",
                        () -> new TestArchive().fill(1, 1, 3, 15).idle(1, 4, 9).fill(1, 10, 12, 115),
                        List.of(backup("Q", 1, 6, 6.75)),
                        to(time(40)),
                        "Q -> minute 40.0 @1"),
                c(
                        "a commit that shares a granule with a standby backup's end is judged by the clock",
                        () -> plain().commit(1, 8.755, 89, 7),
                        List.of(
                                backup("A", 1, 2, 2.75),
                                new BackupCandidate("B", 1, lsn(8), lsn(8.751), minute(88), false)),
                        to(time(88.5)),
                        "B -> minute 88.5 @1"),
                c(
                        "a clock that went back: the first later commit stops replay",
                        () -> plain().commit(1, 12.7, 30, 7),
                        TWO,
                        to(time(120)),
                        "B -> minute 120.0 @1"));
    }

    private static List<Case> timesAtTheEnd() {
        return List.of(
                c(
                        "exactly the last commit of the archive",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(205)),
                        "B -> latest @1"),
                c(
                        "exclusively the last commit of the archive",
                        RestorePlannerTest::plain,
                        TWO,
                        to(timeExclusive(205)),
                        "B -> minute 205.0 exclusive @1"),
                c(
                        "after the last archived commit",
                        RestorePlannerTest::plain,
                        TWO,
                        to(time(206)),
                        "61 time ~ is after the last moment that the archive knows of ~ to 2026-11-21 03:25:00+00"),
                c(
                        "after the last commit but not after the newest checkpoint",
                        () -> plain().checkpoint(1, 20.75, 300),
                        TWO,
                        to(time(250)),
                        "B -> lsn 20.75 @1"),
                c(
                        "exactly the newest checkpoint",
                        () -> plain().checkpoint(1, 20.75, 300),
                        TWO,
                        to(time(300)),
                        "B -> lsn 20.75 @1"),
                c(
                        "after the newest checkpoint",
                        () -> plain().checkpoint(1, 20.75, 300),
                        TWO,
                        to(time(301)),
                        "61 time ~ is after the last moment ~ to 2026-11-21 05:00:00+00"),
                c(
                        "an idle cluster whose newest checkpoint is the backup's own",
                        () -> plain().idle(1, 21, 22).checkpoint(1, 21.1, 400),
                        List.of(backup("I", 1, 21, 21.75)),
                        to(time(390)),
                        "I -> immediate @1"));
    }

    private static List<Case> branches() {
        return List.of(
                c(
                        "second PITR: replay to a time of the common past ends on its timeline and follows that",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(40)),
                        "A -> minute 40.0 @1"),
                c(
                        "second PITR: a time of the common past, the newest line asked for",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(40), numbered(2)),
                        "A -> minute 40.0 @2"),
                c(
                        "second PITR: a time a little before the fork, in its segment",
                        () -> forked().commit(1, 6.1, 64, 1).commit(2, 6.1, 64, 1),
                        FORKED,
                        to(time(63)),
                        "A -> minute 63.0 @1"),
                c(
                        "second PITR: a time a little before the fork, the newest line asked for",
                        () -> forked().commit(1, 6.1, 64, 1).commit(2, 6.1, 64, 1),
                        FORKED,
                        to(time(63), numbered(2)),
                        "A -> minute 63.0 @2"),
                c(
                        "second PITR: a time before the fork, the parent's segment was never whole",
                        () -> forked().commit(2, 6.1, 64, 1).without(1, 6),
                        List.of(backup("A", 1, 2, 2.75)),
                        to(time(63)),
                        "A -> minute 63.0 @2"),
                c(
                        "second PITR: a time before the fork or behind it, in the same 64 KiB",
                        () -> new TestArchive()
                                .fill(1, 1, 10, 15)
                                .promote(2, 1, 6.28)
                                .fill(2, 6, 12, 205)
                                .commit(1, 6.26, 64, 1)
                                .commit(2, 6.26, 64, 1)
                                .checkpoint(2, 6.3, 62),
                        FORKED,
                        to(time(63)),
                        "A -> minute 63.0 @2"),
                c(
                        "second PITR: the last transaction before the fork, exclusive",
                        () -> forked().commit(1, 6.1, 64, 1).commit(2, 6.1, 64, 1),
                        FORKED,
                        to(timeExclusive(64)),
                        "A -> minute 64.0 exclusive @1"),
                c(
                        "second PITR: the last transaction before the fork itself: replay ends at the next one",
                        () -> forked().commit(1, 6.1, 64, 1).commit(2, 6.1, 64, 1),
                        FORKED,
                        to(time(64)),
                        "A -> minute 64.0 @2"),
                c(
                        "third PITR: two timelines begin in one segment, a time before both",
                        () -> forked().commit(1, 6.1, 64, 1)
                                .commit(2, 6.1, 64, 1)
                                .promote(3, 2, 6.75)
                                .fill(3, 6, 8, 405)
                                .commit(3, 6.1, 64, 1)
                                .commit(3, 6.5, 205, 2)
                                .commit(3, 6.9, 405, 3),
                        FORKED,
                        to(time(63)),
                        "A -> minute 63.0 @1"),
                c(
                        "third PITR: two timelines begin in one segment, a time between them",
                        () -> forked().commit(1, 6.1, 64, 1)
                                .commit(2, 6.1, 64, 1)
                                .promote(3, 2, 6.75)
                                .fill(3, 6, 8, 405)
                                .commit(3, 6.1, 64, 1)
                                .commit(3, 6.5, 205, 2)
                                .commit(3, 6.9, 405, 3),
                        FORKED,
                        to(time(202)),
                        "A -> minute 202.0 @2"),
                c(
                        "second PITR: a position before the fork: the record behind it may be the newest line's",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(at(6.125)),
                        "A -> lsn 6.125 @2"),
                c(
                        "second PITR: a position of the common past, a record behind it is known before the fork",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(at(4.5)),
                        "A -> lsn 4.5 @1"),
                c(
                        "second PITR: a position of the common past, the newest line asked for",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(at(4.5), numbered(2)),
                        "A -> lsn 4.5 @2"),
                c(
                        "second PITR: a position whose next known record is in the fork's segment",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(at(5.5)),
                        "A -> lsn 5.5 @1"),
                c(
                        "second PITR: the same, but the parent's segment was never whole",
                        () -> forked().without(1, 6),
                        List.of(backup("A", 1, 2, 2.75)),
                        to(at(5.5)),
                        "A -> lsn 5.5 @2"),
                c(
                        "second PITR: the same, but nobody could read the segment in between",
                        () -> forked().unread(2, 6),
                        List.of(backup("A", 1, 2, 2.75)),
                        to(at(5.5)),
                        "A -> lsn 5.5 @2"),
                c(
                        "second PITR: a position before the fork in its segment, with a checkpoint in between",
                        () -> forked().checkpoint(1, 6.2, 64).checkpoint(2, 6.2, 64),
                        FORKED,
                        to(at(6.125)),
                        "A -> lsn 6.125 @1"),
                c(
                        "failovers: a position of the middle timeline",
                        RestorePlannerTest::failedOver,
                        List.of(backup("A", 1, 2, 2.75)),
                        to(at(6.5)),
                        "A -> lsn 6.5 @2"),
                c(
                        "second PITR: a position behind the fork in that segment",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(at(6.5)),
                        "A -> lsn 6.5 @2"),
                c(
                        "second PITR: the end of a backup of the common past",
                        RestorePlannerTest::forked,
                        FORKED,
                        with("A", immediate()),
                        "A -> immediate @1"),
                c(
                        "second PITR: a time that only the abandoned tail knows goes there",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(95)),
                        "B -> minute 95.0 @1"),
                c(
                        "second PITR: a time of the new line",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(230)),
                        "A -> minute 230.0 @2"),
                c(
                        "second PITR: a time behind the new line's backup",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(260)),
                        "C -> minute 260.0 @2"),
                c(
                        "a time on several branches: the current line's",
                        () -> forked().fill(1, 11, 25, 195),
                        FORKED,
                        to(time(230)),
                        "A -> minute 230.0 @2"),
                c(
                        "a time on several branches, the other one asked for",
                        () -> forked().fill(1, 11, 25, 195),
                        FORKED,
                        to(time(230), numbered(1)),
                        "B -> minute 230.0 @1"),
                c(
                        "a time on several branches but not the current: refused with the list",
                        () -> twiceForked().fill(1, 11, 25, 195),
                        FORKED,
                        to(time(230)),
                        "61 time ~ but on several others: timelines 1, 2 ~ --target-timeline"),
                c(
                        "a time between the branches' lives goes to the current line's fork",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(150)),
                        "A -> minute 150.0 @2"),
                c(
                        "third line, time on the second one's tail",
                        RestorePlannerTest::twiceForked,
                        FORKED,
                        to(time(230)),
                        "A -> minute 230.0 @2"),
                c(
                        "explicit first timeline",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(latest(), numbered(1)),
                        "B -> latest @1"),
                c(
                        "explicit latest timeline",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(95), new TimelineChoice.Newest()),
                        "A -> minute 95.0 @2"),
                c(
                        "the timeline of the backup",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(time(95), new TimelineChoice.OfBackup()),
                        "B -> minute 95.0 @1"),
                c(
                        "the timeline of the backup, newest backup first",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(latest(), new TimelineChoice.OfBackup()),
                        "C -> latest @2"),
                c(
                        "an unknown timeline",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(latest(), numbered(9)),
                        "61 timeline 9 is not in the archive ~ 1, 2"),
                c(
                        "a named backup of an abandoned tail goes along its own line",
                        RestorePlannerTest::forked,
                        FORKED,
                        with("B", latest()),
                        "B -> latest @1"),
                c(
                        "a named backup that the asked-for timeline does not lead through",
                        RestorePlannerTest::forked,
                        FORKED,
                        new RestoreGoal(latest(), numbered(2), Optional.of("B")),
                        "62 no usable backup lies on the line of timeline 2"),
                c(
                        "failover without loss: one line through three timelines",
                        RestorePlannerTest::failedOver,
                        ONE,
                        to(time(100)),
                        "A -> minute 100.0 @3"),
                c(
                        "failover: a time on the middle timeline",
                        RestorePlannerTest::failedOver,
                        ONE,
                        to(time(60)),
                        "A -> minute 60.0 @2"));
    }

    private static List<Case> positions() {
        return List.of(
                c(
                        "an LSN takes the newest backup before it",
                        RestorePlannerTest::plain,
                        TWO,
                        to(at(12.5)),
                        "B -> lsn 12.5 @1"),
                c(
                        "an LSN before the newer backup's end",
                        RestorePlannerTest::plain,
                        TWO,
                        to(at(8.5)),
                        "A -> lsn 8.5 @1"),
                c("exactly the backup's end", RestorePlannerTest::plain, TWO, to(at(8.75)), "B -> lsn 8.75 @1"),
                c(
                        "before every backup's end",
                        RestorePlannerTest::plain,
                        TWO,
                        to(at(2.5)),
                        "62 WAL position 0/280000 is before the end of backup A"),
                c(
                        "behind the end of the archive",
                        RestorePlannerTest::plain,
                        TWO,
                        to(at(30)),
                        "61 WAL position 0/1E00000 is behind the end of the archive at 0/1500000"),
                c(
                        "behind the last record of the last segment",
                        () -> plain().endsAt(1, 20.6),
                        TWO,
                        to(at(20.7)),
                        "61 WAL position"),
                c("exactly the end of the archive", RestorePlannerTest::plain, TWO, to(at(21)), "B -> latest @1"),
                c(
                        "an LSN only on the abandoned tail",
                        () -> forked().fill(1, 11, 20, 115),
                        FORKED,
                        to(at(15)),
                        "B -> lsn 15.0 @1"),
                c(
                        "an LSN on both branches: the current line's",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(at(9.5)),
                        "A -> lsn 9.5 @2"),
                c(
                        "an LSN on several abandoned tails",
                        () -> twiceForked().fill(1, 11, 14, 115),
                        FORKED,
                        to(at(11.5)),
                        "61 lsn 0/B80000 is not on the current line (timeline 3) but on several others: timelines 1, 2"));
    }

    private static List<Case> transactions() {
        return List.of(
                c(
                        "a transaction behind the newest backup",
                        RestorePlannerTest::plain,
                        TWO,
                        to(xid(1012)),
                        "B -> xid 1012 @1"),
                c(
                        "a transaction between the backups",
                        RestorePlannerTest::plain,
                        TWO,
                        to(xid(1005)),
                        "A -> xid 1005 @1"),
                c(
                        "a transaction in the segment in which the newer backup ends",
                        RestorePlannerTest::plain,
                        TWO,
                        to(xid(1008)),
                        "A -> xid 1008 @1"),
                c(
                        "a transaction before every backup",
                        RestorePlannerTest::plain,
                        TWO,
                        to(xid(1001)),
                        "61 transaction 1001 does not end"),
                c(
                        "a transaction that never was",
                        RestorePlannerTest::plain,
                        TWO,
                        to(xid(4711)),
                        "61 transaction 4711 does not end ~ may have ended before"),
                c(
                        "a transaction of the abandoned tail",
                        RestorePlannerTest::forked,
                        FORKED,
                        to(xid(1009)),
                        "B -> xid 1009 @1"),
                c(
                        "an id that was used twice means the newer one",
                        () -> plain().commit(1, 15.2, 152, 1005),
                        TWO,
                        to(xid(1005)),
                        "B -> xid 1005 @1"),
                c(
                        "the 64-bit form of an id",
                        RestorePlannerTest::plain,
                        TWO,
                        to(xid((3L << 32) + 1012)),
                        "B -> xid 1012 @1"));
    }

    private static List<Case> names() {
        return List.of(
                c(
                        "a restore point",
                        () -> plain().restorePoint(1, 12.6, "before upgrade"),
                        TWO,
                        to(name("before upgrade")),
                        "B -> name before upgrade @1"),
                c(
                        "a restore point between the backups",
                        () -> plain().restorePoint(1, 5.5, "p"),
                        TWO,
                        to(name("p")),
                        "A -> name p @1"),
                c(
                        "a restore point during the newer backup takes the older",
                        () -> plain().restorePoint(1, 8.5, "p"),
                        TWO,
                        to(name("p")),
                        "A -> name p @1"),
                c(
                        "a restore point before every backup's end",
                        () -> plain().restorePoint(1, 2.5, "p"),
                        TWO,
                        to(name("p")),
                        "62 restore point p at 0/280000 lies before the end"),
                c(
                        "an unknown restore point lists the known",
                        () -> plain().restorePoint(1, 12.5, "p").restorePoint(1, 13.5, "q"),
                        TWO,
                        to(name("r")),
                        "61 restore point r is not in the WAL ~ Restore points: p, q"),
                c(
                        "a restore point of the abandoned tail",
                        () -> forked().restorePoint(1, 9.5, "p"),
                        FORKED,
                        to(name("p")),
                        "B -> name p @1"),
                c(
                        "a name twice: the newest backup before the last one",
                        () -> plain().restorePoint(1, 5.5, "p").restorePoint(1, 12.5, "p"),
                        TWO,
                        to(name("p")),
                        "B -> name p @1"));
    }

    private static List<Case> gaps() {
        return List.of(
                c(
                        "latest across a hole",
                        () -> plain().without(1, 12),
                        TWO,
                        to(latest()),
                        "42 WAL segment 00000001000000000000000C is missing between backup B and the end ~"
                                + " --target-lsn 0/B00028"),
                c(
                        "a hole of several segments names both ends",
                        () -> plain().without(1, 12).without(1, 13),
                        TWO,
                        to(latest()),
                        "42 WAL segments 00000001000000000000000C to 00000001000000000000000D are missing"),
                c(
                        "a time behind a hole offers what is before it",
                        () -> plain().without(1, 12),
                        TWO,
                        to(time(150)),
                        "42 WAL segment 00000001000000000000000C ~ time 2026-11-21 02:30:00+00 ~ --target-lsn 0/B00028"
                                + " (2026-11-21 01:45:00+00)"),
                c(
                        "a hole that was made on purpose says so and does not ask for what nobody kept",
                        () -> plain().removed(1, 12).removed(1, 13),
                        TWO,
                        to(time(150)),
                        "42 WAL segments 00000001000000000000000C to 00000001000000000000000D are missing ~ it was"
                                + " removed because nothing that is kept needs it ~ only its own WAL was kept ~"
                                + " --target-lsn 0/B00028"),
                c(
                        "a time before the hole is fine",
                        () -> plain().without(1, 15),
                        TWO,
                        to(time(120)),
                        "B -> minute 120.0 @1"),
                c(
                        "a hole before the backup does not matter",
                        () -> plain().without(1, 5),
                        TWO,
                        to(latest()),
                        "B -> latest @1"),
                c(
                        "a hole inside the backup",
                        () -> plain().without(1, 8),
                        List.of(backup("B", 1, 8, 8.75)),
                        to(immediate()),
                        "42 WAL segment 000000010000000000000008 is missing between backup B and its own end"),
                c(
                        "an LSN behind a hole",
                        () -> plain().without(1, 12),
                        TWO,
                        to(at(14.5)),
                        "42 WAL segment 00000001000000000000000C"),
                c(
                        "an LSN before the hole is fine",
                        () -> plain().without(1, 12),
                        TWO,
                        to(at(11.5)),
                        "B -> lsn 11.5 @1"),
                c(
                        "a transaction behind a hole",
                        () -> plain().without(1, 12),
                        TWO,
                        to(xid(1015)),
                        "42 WAL segment 00000001000000000000000C"),
                c(
                        "a restore point behind a hole",
                        () -> plain().without(1, 12).restorePoint(1, 15.5, "p"),
                        TWO,
                        to(name("p")),
                        "42 WAL segment 00000001000000000000000C"),
                c(
                        "a failover's missing last segments",
                        () -> failedOver().without(1, 4),
                        ONE,
                        to(latest()),
                        "42 WAL segment 000000010000000000000004 is missing"),
                c(
                        "the first segment of a new timeline is missing",
                        () -> failedOver().without(2, 5),
                        ONE,
                        to(latest()),
                        "42 WAL segment 000000020000000000000005 is missing"),
                c(
                        "a whole timeline of the line is missing",
                        () -> failedOver().without(2, 5).without(2, 6).without(2, 7),
                        ONE,
                        to(latest()),
                        "42 WAL segments 000000020000000000000005 to 000000020000000000000007 are missing"),
                c(
                        "a hole only in the abandoned tail does not matter to the new line",
                        () -> forked().without(1, 7),
                        FORKED,
                        to(time(230)),
                        "A -> minute 230.0 @2"),
                c(
                        "the whole archive of the backup's WAL is lost",
                        () -> new TestArchive().fill(1, 15, 20, 155),
                        TWO,
                        to(latest()),
                        "42 WAL segments 000000010000000000000008 to 00000001000000000000000E are missing between"
                                + " backup B"),
                c(
                        "a timeline that has a history but no WAL yet",
                        () -> new TestArchive().fill(1, 1, 10, 15).promote(2, 1, 10.6),
                        TWO,
                        to(latest()),
                        "B -> latest @2"));
    }

    private static List<Case> choices() {
        return List.of(
                c(
                        "the same end twice: the later label",
                        RestorePlannerTest::plain,
                        List.of(backup("A", 1, 2, 2.75), backup("A2", 1, 2, 2.75)),
                        to(latest()),
                        "A2 -> latest @1"),
                c(
                        "labels and clocks do not order backups",
                        RestorePlannerTest::plain,
                        List.of(
                                backup("20990101", 1, 2, 2.75),
                                new BackupCandidate("20000101", 1, lsn(8), lsn(8.75), minute(0), false)),
                        to(latest()),
                        "20000101 -> latest @1"),
                c(
                        "a backup that ends exactly at a segment border",
                        RestorePlannerTest::plain,
                        List.of(backup("E", 1, 8, 9)),
                        to(time(86)),
                        "E -> minute 86.0 @1"),
                c(
                        "a backup that ends exactly at the fork is on the new line",
                        RestorePlannerTest::forked,
                        List.of(backup("F", 1, 5, 6.25)),
                        to(latest()),
                        "F -> latest @2"));
    }

    private static List<Case> unread() {
        return List.of(
                c(
                        "WAL that could not be read does not refuse a time",
                        () -> plain().unread(1, 20),
                        TWO,
                        to(time(500)),
                        "B -> minute 500.0 @1 (unread)"),
                c(
                        "WAL that could not be read does not refuse an LSN",
                        () -> plain().unread(1, 20),
                        TWO,
                        to(at(20.875)),
                        "B -> lsn 20.875 @1 (unread)"),
                c(
                        "WAL that could not be read does not refuse a transaction",
                        () -> plain().unread(1, 15),
                        TWO,
                        to(xid(4711)),
                        "B -> xid 4711 @1 (unread)"),
                c(
                        "WAL that could not be read does not refuse a name",
                        () -> plain().unread(1, 15),
                        TWO,
                        to(name("x")),
                        "B -> name x @1 (unread)"),
                c(
                        "the end of an unread backup is judged by the clock",
                        () -> plain().unread(1, 8),
                        TWO,
                        to(time(88.6)),
                        "B -> minute 88.6 @1 (unread)"),
                c(
                        "before the end of an unread backup",
                        () -> plain().unread(1, 8),
                        TWO,
                        to(time(88)),
                        "A -> minute 88.0 @1 (unread)"));
    }

    private static List<Case> tablespaces() {
        return List.of(
                c(
                        "tablespaces created up to the target are found",
                        () -> plain().tablespace(1, 10.5, "/a").tablespace(1, 15.5, "/b"),
                        TWO,
                        to(time(120)),
                        "B -> minute 120.0 @1 +1 tablespaces"),
                c(
                        "tablespaces created before the backup are not replayed",
                        () -> plain().tablespace(1, 7.5, "/a"),
                        TWO,
                        to(latest()),
                        "B -> latest @1"),
                c(
                        "tablespaces created during the backup are",
                        () -> plain().tablespace(1, 8.5, "/a"),
                        TWO,
                        to(immediate()),
                        "B -> immediate @1 +1 tablespaces"));
    }
}
