package io.pgbk.catalog.repository.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpirePlannerTest {
    @ParameterizedTest(name = "{1} on day {0} keeps of {2}: {3}")
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = true, textBlock = """
            10  | ''                | F1 D2 F3                  | F1 D2 F3
            10  | full=1            | F1 F2 F3                  | F3
            10  | full=2            | F1 F2 F3                  | F2 F3
            10  | full=3            | F1 F2 F3                  | F1 F2 F3
            10  | full=4            | F1 F2 F3                  | F1 F2 F3
            10  | full=1            | F1 D2 F3 D4               | F3 D4
            10  | full=1            | F1 D2 D3                  | F1 D2 D3
            10  | full=2            | F1 D2 F3 D4 F5            | F3 D4 F5
            10  | full=1            | F1 I2 I3 F4 I5            | F4 I5
            10  | full=1            | F1 F2!                    | F1 F2!
            10  | full=1            | F1 F2! F3                 | F3
            10  | full=2            | F1 F2! F3                 | F1 F2! F3
            10  | full=2            | F1 F2 F3! F4              | F2 F3! F4
            10  | full=1            | F1! F2!                   | F1! F2!
            10  | full=1            | F1 F2! F3!                | F1 F2! F3!
            10  | full=2            | F1! F2 F3! F4 F5          | F4 F5
            10  | full=1            | F1 D2!                    | F1 D2!
            10  | full=1            | F1 D2 F3! D4              | F1 D2 F3! D4
            10  | full=1            | F1* F2 F3                 | F1* F3
            10  | full=1            | F1 F2* F3* F4             | F2* F3* F4
            10  | full=1            | F1 D2* F3                 | F1 D2* F3
            10  | full=1            | F1 I2 I3* F4              | F1 I2 I3* F4
            10  | full=1            | F1x F2 F3                 | F3
            10  | full=2            | F1 F2x F3                 | F1 F3
            10  | full=1            | F1 F2x                    | F1
            10  | full=1            | F1!* F2                   | F1!* F2
            10  | full=1            | F1 D2 D3* D4 F5           | F1 D3* F5
            10  | full=1            | ''                        | ''
            10  | full=1            | F1 F2 F3#2                | F2 F3#2
            10  | full=1            | F5 F6 F3#2 F4#2           | F6 F4#2
            10  | full=2            | F1 F2 F3 F4#2 F5#2 F6#2   | F2 F3 F5#2 F6#2
            10  | full=1            | F1 F2! F3#2               | F1 F2! F3#2
            30  | window=2          | F1 F2 F28#2 F30#2         | F2 F28#2 F30#2
            10  | full=1            | F1 F2 F3/2                | F3/2
            10  | full=2            | F1 F2 F3/2                | F2 F3/2
            10  | full=1            | F1 F5 F3/2                | F5 F3/2
            10  | full=1            | F1 F5 F6 F3/2 F4/2        | F6 F4/2
            10  | full=2            | F1 F2 F5 F3/2             | F2 F5 F3/2
            10  | full=2            | F1 F5 F6 F7 F3/2          | F1 F6 F7 F3/2
            10  | full=1            | F1 F2 F5 F6 T2@4          | F2 F6
            10  | full=1            | F1 F2 T2@4                | F2
            10  | full=1            | F1 F2! F5 T2@4            | F1 F2! F5
            10  | full=1            | F1 D2 F5 D6 F3/2 D4/2     | F5 D6 F3/2 D4/2
            10  | full=1            | F1 F5! F3/2               | F1 F5! F3/2
            30  | full=1            | F1 F5 F6/2 F7/2 W1@5      | F7/2
            30  | full=1            | F1 F5 F3/2 F7/2 W1@5      | F7/2
            30  | full=1            | F1 F5 F3/2 F5/2 W1@5      | F5 F5/2
            18  | full=1            | F1 F5 F3/2 F7/2 W1@5      | F5 F7/2
            30  | full=2            | F1 F5 F3/2 F7/2 W1@5      | F1 F5 F3/2 F7/2
            30  | full=2            | F1 F5 F3/2 F7/2 F8/2 W1@5 | F7/2 F8/2
            30  | full=2            | F1 F5 F3/2 F7/2! F8/2 W1@5 | F1 F5 F3/2 F7/2! F8/2
            30  | full=1            | F1 F5 F3/2 F7/2 W1@29     | F5 F7/2
            30  | full=1            | F1 F5* F3/2 F7/2 W1@5     | F5* F7/2
            30  | full=1            | F1 F5 F9 F29 F3/2 W2@3 W1@29 | F29
            30  | full=1            | F1 F5 F9 F29 T2@4 W2@4 W1@29 | F29
            30  | full=1 window=26  | F1 F3 F5 F9 F29 T2@4 W2@5 W1@29 | F3 F5 F9 F29
            30  | weekly=1          | F1 F12 F5/2               | F12 F5/2
            30  | monthly=2         | F1 F9 F3/2 F5/2           | F1 F9 F5/2
            40  | monthly=1         | F1 F9 F33 F2/2 F5/2 W1@39 | F1 F33 F5/2
            40  | monthly=1         | F1 F9 F33 F2/2 F5/2 W1@39 W2@5 | F33
            10  | window=2          | F1 F9 F3/2 F5/2           | F1 F9 F5/2
            10  | window=2          | F1 F2 F10/2               | F2 F10/2
            10  | window=5          | F1 F7 F4/2                | F1 F7 F4/2
            10  | window=8          | F1 F7 F4/2                | F1 F7 F4/2
            10  | window=3          | F1 F4 F7 F10              | F7 F10
            10  | window=3          | F1 F6 F8                  | F6 F8
            10  | window=3          | F1 F6! F8                 | F1 F8
            10  | window=3          | F1! F6! F8                | F6! F8
            10  | window=3          | F1 D2 D6 F8               | F1 D6 F8
            10  | window=3          | F1 F2 F3                  | F3
            10  | window=30         | F1 F2 F3                  | F1 F2 F3
            10  | window=3          | F1 D9 D10                 | F1 D9 D10
            10  | window=3          | F1 F7* F9                 | F7* F9
            100 | window=3          | F1 F2                     | F2
            10  | window=1          | F8 D9 D10                 | F8 D9 D10
            10  | window=3          | F1 F6x F8                 | F1 F8
            10  | full=1 window=5   | F1 F4 F6 F9               | F4 F6 F9
            10  | full=3 window=1   | F1 F4 F6 F9               | F4 F6 F9
            20  | weekly=2          | F1 F5 F8 F12 F15          | F5 F12 F15
            20  | weekly=1          | F1 F5 F8 F12 F15          | F12 F15
            20  | weekly=3          | F5! F6 F12                | F6 F12
            70  | monthly=2         | F1 F10 F32 F40 F60 F65    | F32 F60 F65
            70  | monthly=1         | F1 F10 F32 F40 F60 F65    | F60 F65
            70  | monthly=12        | F1 F10 F32 F40 F60 F65    | F1 F32 F60 F65
            400 | yearly=1          | F1 F100 F365 F366         | F366
            400 | yearly=2          | F1 F100 F365 F366         | F365 F366
            400 | yearly=2          | F1 F100 F365! F366        | F100 F366
            15  | weekly=1          | F5 D6 F12 D13 D14         | F12 D14
            40  | full=1 weekly=2 monthly=2 | F1 F8 F15 F22 F29 F36 | F1 F29 F36
            """)
    void keepsWhatThePolicyPromises(int day, String policy, String backups, String kept) {
        RetentionCase given = new RetentionCase(backups);
        ExpirePlan plan = given.plan(policy, day);

        assertThat(given.kept(plan)).isEqualTo(kept);
        Set<Label> mentioned = new HashSet<>();
        plan.keep().forEach(one -> {
            assertThat(one.reasons()).isNotEmpty();
            assertThat(mentioned.add(one.label())).isTrue();
        });
        plan.remove().forEach(one -> assertThat(mentioned.add(one.label())).isTrue());
        assertThat(mentioned).hasSize(given.byWord.size());
    }

    private static ExpirePlan.KeptWal wal(int timeline, Lsn from, Lsn to) {
        return new ExpirePlan.KeptWal(1, timeline, from, Optional.of(to));
    }

    private static ExpirePlan.KeptWal wal(int timeline, Lsn from) {
        return new ExpirePlan.KeptWal(1, timeline, from, Optional.empty());
    }

    @Test
    void walBetweenKeptOlderBackupsGoesAndWhatEachNeedsToBecomeConsistentStays() {
        ExpirePlan plan = new RetentionCase("F1 F10 F32 F35 F40").plan("full=1 monthly=2", 45);

        assertThat(plan.wal())
                .containsExactly(
                        wal(1, RetentionCase.start(1), RetentionCase.stop(1)),
                        wal(1, RetentionCase.start(32), RetentionCase.stop(32)),
                        wal(1, RetentionCase.start(40)));
    }

    @Test
    void fromTheWindowsOldestBackupAllWalStaysAcrossAPromotion() {
        ExpirePlan plan = new RetentionCase("F1 F2 F10/2").plan("window=2", 10);
        Lsn fork = RetentionCase.start(10).plus(-(1L << 20));

        assertThat(plan.wal()).containsExactly(wal(1, RetentionCase.start(2), fork), wal(2, fork));
    }

    @Test
    void walOfABackupThatIsBeingRemovedStaysForRestoresThatRun() {
        ExpirePlan plan = new RetentionCase("F1x F5 F7").plan("full=1", 10);

        assertThat(plan.wal())
                .containsExactly(wal(1, RetentionCase.start(1), RetentionCase.stop(1)), wal(1, RetentionCase.start(7)));
    }

    private static ExpirePlan withBranch(Optional<Instant> lastWritten) {
        RetentionCase given = new RetentionCase("F1 F5 F9/2");
        given.ends.add(new TimelineEnd(
                1,
                new TimelineHistory(3, List.of(new TimelineHistory.Entry(1, RetentionCase.start(3), ""))),
                lastWritten));
        return given.plan("full=1", 10);
    }

    @Test
    void walOfABranchWithoutABackupStaysWhileItsServerMayLive() {
        assertThat(withBranch(Optional.empty()).wal())
                .contains(wal(3, RetentionCase.start(3)), wal(1, RetentionCase.start(1), RetentionCase.start(3)));
        assertThat(withBranch(Optional.of(RetentionCase.atHour(10, 11))).wal())
                .contains(wal(3, RetentionCase.start(3)));
    }

    @Test
    void walOfABranchThatWasLeftBeforeAllThatIsPromisedGoes() {
        assertThat(withBranch(Optional.of(RetentionCase.atHour(4, 1))).wal())
                .containsExactly(wal(2, RetentionCase.start(9).plus(0)));
    }

    @Test
    void withoutAnyRuleAllWalFromTheFirstBackupOnStays() {
        assertThat(new RetentionCase("F3 D4 F8").plan("", 10).wal()).containsExactly(wal(1, RetentionCase.start(3)));
    }
}
