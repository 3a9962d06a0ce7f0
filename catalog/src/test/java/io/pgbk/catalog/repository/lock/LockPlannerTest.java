package io.pgbk.catalog.repository.lock;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.ExpirePlan.KeptWal;
import io.pgbk.postgres.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LockPlannerTest {
    private static final Instant NOW = Instant.parse("2026-11-21T03:00:00Z");
    private static final Duration LENGTH = Duration.ofDays(30);
    private static final Label OLD = Label.parse("20261101T000000Z-aaaa-full").orElseThrow();
    private static final Label NEW = Label.parse("20261120T000000Z-bbbb-full").orElseThrow();
    private static final KeptWal FROM_OLD = wal(1, "0/1000000", null);
    private static final KeptWal FROM_NEW = wal(1, "0/5000000", null);

    private static KeptWal wal(int timeline, String from, @org.jspecify.annotations.Nullable String to) {
        return new KeptWal(1, timeline, Lsn.parse(from), Optional.ofNullable(to).map(Lsn::parse));
    }

    private static LockPlanner.Needed needed(Label label) {
        return new LockPlanner.Needed(label, label.equals(OLD) ? NOW.minus(Duration.ofDays(20)) : NOW);
    }

    private static LockRecord renewed(Duration ago, Set<Label> backups, KeptWal... wal) {
        Instant time = NOW.minus(ago);
        return new LockRecord(time, time.plus(LENGTH), backups, List.of(wal));
    }

    private static LockPlan plan(Optional<LockRecord> last, List<Label> backups, KeptWal... wal) {
        return LockPlanner.plan(
                NOW, LENGTH, last, backups.stream().map(LockPlannerTest::needed).toList(), List.of(wal));
    }

    @Test
    void beforeTheFirstRenewalEverythingNeededIsLocked() {
        LockPlan plan = plan(Optional.empty(), List.of(OLD, NEW), FROM_OLD);
        assertThat(plan.until()).isEqualTo(NOW.plus(LENGTH));
        assertThat(plan.backups()).containsExactly(OLD, NEW);
        assertThat(plan.wal()).containsExactly(FROM_OLD);
        assertThat(plan.shared()).isTrue();
        assertThat(plan.record()).isEqualTo(new LockRecord(NOW, NOW.plus(LENGTH), Set.of(OLD, NEW), List.of(FROM_OLD)));
    }

    @Test
    void nothingIsDoneWhileMoreThanHalfOfTheLengthIsLeft() {
        LockRecord last = renewed(Duration.ofDays(14), Set.of(OLD), FROM_OLD);
        LockPlan plan = plan(Optional.of(last), List.of(OLD, NEW), FROM_OLD);
        assertThat(plan.isEmpty()).isTrue();
        // What came since got its own lock when it was written.
        assertThat(plan.record())
                .isEqualTo(new LockRecord(last.time(), last.until(), Set.of(OLD, NEW), List.of(FROM_OLD)));
    }

    @Test
    void everythingIsLockedAnewWhenHalfOfTheLengthIsOver() {
        LockPlan plan =
                plan(Optional.of(renewed(Duration.ofDays(15), Set.of(OLD, NEW), FROM_OLD)), List.of(NEW), FROM_NEW);
        assertThat(plan.backups()).containsExactly(NEW);
        assertThat(plan.wal()).containsExactly(FROM_NEW);
        assertThat(plan.shared()).isTrue();
        assertThat(plan.record().until()).isEqualTo(NOW.plus(LENGTH));
    }

    @Test
    void aLongerLengthInTheConfigurationIsDueWhenHalfOfItIsNotLeft() {
        LockRecord last = renewed(Duration.ofDays(1), Set.of(OLD), FROM_OLD);
        LockPlan plan = LockPlanner.plan(
                NOW, LENGTH.multipliedBy(3), Optional.of(last), List.of(needed(OLD)), List.of(FROM_OLD));
        assertThat(plan.backups()).containsExactly(OLD);
    }

    @Test
    void whatBecameNeededAgainIsLockedAtOnce() {
        LockRecord last = renewed(Duration.ofDays(2), Set.of(), FROM_NEW);
        LockPlan plan = plan(Optional.of(last), List.of(OLD, NEW), FROM_OLD);
        assertThat(plan.backups()).containsExactly(OLD);
        assertThat(plan.wal()).containsExactly(FROM_OLD);
        assertThat(plan.shared()).isFalse();
        assertThat(plan.record().until()).isEqualTo(last.until());
        assertThat(plan.record().backups()).containsExactlyInAnyOrder(OLD, NEW);
    }

    @Test
    void aRangeIsCoveredOnlyByOneOfTheSameTimelineThatReachesAsFar() {
        LockRecord last = renewed(Duration.ofDays(2), Set.of(), wal(1, "0/1000000", "0/3000000"));
        assertThat(last.covers(wal(1, "0/2000000", "0/3000000"))).isTrue();
        assertThat(last.covers(wal(1, "0/1000000", "0/3000001"))).isFalse();
        assertThat(last.covers(wal(1, "0/2000000", null))).isFalse();
        assertThat(last.covers(wal(2, "0/2000000", "0/3000000"))).isFalse();
        assertThat(last.covers(new KeptWal(2, 1, Lsn.parse("0/2000000"), Optional.of(Lsn.parse("0/3000000")))))
                .isFalse();
    }

    /** Somebody sets fewer days, and more again; every object's lock is counted by hand. */
    @Test
    void hazardFewerDaysLeaveNothingUnlockedAndNoLockIsReportedLongerThanItIs() {
        List<Instant> locks = new ArrayList<>();
        Optional<LockRecord> last = Optional.empty();
        for (int day = 0; day < 200; day++) {
            Instant now = NOW.plus(Duration.ofDays(day));
            Duration length = Duration.ofDays(day == 0 || day >= 100 ? 60 : 14);
            assertThat(locks)
                    .as("day " + day)
                    .allSatisfy(until -> assertThat(until).isAfter(now));
            locks.add(now.plus(length));
            LockPlan plan = LockPlanner.plan(now, length, last, List.of(needed(OLD)), List.of(FROM_OLD));
            if (plan.backups().contains(OLD)) {
                locks.replaceAll(until -> until.isBefore(plan.until()) ? plan.until() : until);
            }
            assertThat(locks)
                    .as("day " + day)
                    .allSatisfy(until ->
                            assertThat(until).isAfterOrEqualTo(plan.record().until()));
            last = Optional.of(plan.record());
        }
    }

    /** Five years, one run each day; every object's lock is counted by hand. */
    @Test
    void withDailyRunsNothingThatStaysIsEverUnlocked() {
        Duration length = Duration.ofDays(10);
        Instant until = NOW.plus(length);
        Optional<LockRecord> last = Optional.empty();
        int renewals = 0;
        for (int day = 0; day < 5 * 365; day++) {
            Instant now = NOW.plus(Duration.ofDays(day));
            assertThat(until).isAfter(now);
            LockPlan plan = LockPlanner.plan(now, length, last, List.of(needed(OLD)), List.of(FROM_OLD));
            if (plan.backups().contains(OLD)) {
                until = plan.until();
                renewals++;
            }
            last = Optional.of(plan.record());
            assertThat(plan.record().until()).isBeforeOrEqualTo(until);
        }
        assertThat(renewals).isEqualTo(365);
    }
}
