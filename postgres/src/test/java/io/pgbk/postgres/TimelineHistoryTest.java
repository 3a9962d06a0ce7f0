package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimelineHistoryTest {
    static TimelineHistory history(int timeline, String text) {
        return TimelineHistory.parse(timeline, text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aHistoryNamesEachAncestorAndWhereItWasLeft() {
        TimelineHistory history = history(
                4,
                "1\t0/3000148\tno recovery target specified\n\n# remark\n3\t0/50000A0\tbefore 2026-11-21 03:00:00+00\n");
        assertThat(history.entries())
                .containsExactly(
                        new TimelineHistory.Entry(1, Lsn.parse("0/3000148"), "no recovery target specified"),
                        new TimelineHistory.Entry(3, Lsn.parse("0/50000A0"), "before 2026-11-21 03:00:00+00"));
        assertThat(history.parent()).hasValue(3);
        assertThat(history.startLsn()).hasToString("0/50000A0");
        assertThat(history.endOf(1)).contains(Lsn.parse("0/3000148"));
        assertThat(history.endOf(2)).isEmpty();
        assertThat(history.includes(4)).isTrue();
        assertThat(history.includes(2)).isFalse();
    }

    @Test
    void theSwitchPointIsTheFirstByteOfTheNewTimeline() {
        TimelineHistory history = history(2, "1\t0/3000148\tx\n");
        assertThat(history.contains(1, Lsn.parse("0/3000147"))).isTrue();
        assertThat(history.contains(1, Lsn.parse("0/3000148"))).isFalse();
        assertThat(history.contains(2, Lsn.parse("0/3000147"))).isFalse();
        assertThat(history.contains(2, Lsn.parse("0/3000148"))).isTrue();
        assertThat(history.timelineAt(Lsn.parse("0/3000147"))).isEqualTo(1);
        assertThat(history.timelineAt(Lsn.parse("0/3000148"))).isEqualTo(2);
    }

    @Test
    void aHistoryWithoutReasonOrFinalLineBreakIsRead() {
        assertThat(history(2, "1\t0/3000148").entries()).hasSize(1);
        assertThat(history(2, "1 0/3000148 \r\n").entries()).hasSize(1);
    }

    @Test
    void timelinesAreUnsigned() {
        TimelineHistory history = history(-1, "4294967294\t0/3000148\tx\n");
        assertThat(history.parent()).hasValue(-2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x\t0/1\ty",
                "1\tx\ty",
                "1",
                "0\t0/1\tx",
                "-1\t0/1\tx",
                "5\t0/1\tx",
                "6\t0/1\tx",
                "2\t0/9\tx\n1\t0/10\tx",
                "1\t0/9\tx\n1\t0/10\tx",
                "\0\1\2"
            })
    void bytesThatAreNoHistoryAreRefused(String text) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> history(5, text))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_INVALID))
                .withMessageContaining("00000005.history");
    }

    /** PostgreSQL writes this after a recovery along timeline 2 that stops before 2 began; its reader takes the last fit. */
    @Test
    void hazardARecoveryThatFollowedATimelineAndEndedBeforeItBegan() {
        TimelineHistory history = history(3, "1\t0/9000000\tx\n2\t0/8000000\tbefore 0/8000000\n");
        assertThat(history.ranges())
                .containsExactly(
                        new TimelineHistory.Range(1, Lsn.INVALID, Optional.of(Lsn.parse("0/8000000"))),
                        new TimelineHistory.Range(3, Lsn.parse("0/8000000"), Optional.empty()));
        assertThat(history.parent()).hasValue(1);
        assertThat(history.includes(2)).isFalse();

        assertThat(history(6, "1\t0/3\tx\n2\t0/5\tx\n3\t0/9\tx\n4\t0/4\tx\n5\t0/7\tx\n")
                        .ranges())
                .extracting(
                        TimelineHistory.Range::timeline, range -> range.from().toString())
                .containsExactly(tuple(1, "0/0"), tuple(2, "0/3"), tuple(5, "0/4"), tuple(6, "0/7"));
        assertThat(history(4, "1\t0/3\tx\n2\t0/5\tx\n3\t0/3\tx\n").ranges())
                .extracting(
                        TimelineHistory.Range::timeline, range -> range.from().toString())
                .containsExactly(tuple(1, "0/0"), tuple(4, "0/3"));

        TimelineTree tree = TimelineTree.of(List.of(history, history(2, "1\t0/9000000\tx\n")), List.of(1, 2, 3));
        assertThat(tree.branches(1)).extracting(TimelineHistory::timeline).containsExactly(2, 3);
        assertThat(tree.forkOf(2, 3)).hasValue(Lsn.parse("0/8000000"));
    }

    @Test
    void aHistoryOfImpossibleSizeIsRefusedUnread() {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> TimelineHistory.parse(2, new byte[TimelineHistory.MAX_BYTES + 1]));
    }

    @Test
    void damagedHistoriesNeverFailInAnotherWay() {
        byte[] good = "1\t0/3000148\tno recovery target specified\n2\t0/50000A0\tx\n".getBytes(StandardCharsets.UTF_8);
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = good.clone();
            for (int k = 0; k <= random.nextInt(3); k++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(TimelineHistory.parse(3, bytes).entries()).hasSizeLessThan(20);
            } catch (PgbkException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.WAL_INVALID);
            }
        }
    }

    @Test
    void theTreeKnowsBranchesLeavesAndPaths() {
        TimelineTree tree = TimelineTree.of(
                List.of(
                        history(2, "1\t0/300\tx\n"),
                        history(3, "1\t0/500\tx\n"),
                        history(4, "1\t0/300\tx\n2\t0/400\tx\n")),
                List.of(1, 4));
        assertThat(tree.timelines()).containsExactly(1, 2, 3, 4);
        assertThat(tree.newest()).contains(4);
        assertThat(tree.branches(1)).extracting(TimelineHistory::timeline).containsExactly(2, 3);
        assertThat(tree.leaves()).extracting(TimelineHistory::timeline).containsExactly(3, 4);
        assertThat(tree.path(4)).extracting(TimelineHistory.Range::timeline).containsExactly(1, 2, 4);
        assertThat(tree.isOnPath(1, 4)).isTrue();
        assertThat(tree.isOnPath(3, 4)).isFalse();
        assertThat(tree.timelinesContaining(1, Lsn.parse("0/2FF"))).containsExactly(1, 2, 3, 4);
        assertThat(tree.timelinesContaining(1, Lsn.parse("0/300"))).containsExactly(1, 3);
        assertThat(tree.timelinesContaining(2, Lsn.parse("0/3FF"))).containsExactly(2, 4);
        assertThat(tree.forkOf(3, 4)).contains(Lsn.parse("0/300"));
        assertThat(tree.forkOf(2, 4)).contains(Lsn.parse("0/400"));
        assertThat(tree.forkOf(1, 3)).contains(Lsn.parse("0/500"));
    }

    @Test
    void anAncestorWithoutAHistoryFileIsKnownFromItsDescendants() {
        TimelineTree tree = TimelineTree.of(List.of(history(9, "1\t0/300\tx\n5\t0/400\tx\n")), List.of());
        assertThat(tree.timelines()).containsExactly(1, 5, 9);
        assertThat(tree.history(5).orElseThrow().endOf(1)).contains(Lsn.parse("0/300"));
    }

    @Test
    void hazardTwoServersPromotedToTheSameTimeline() {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> TimelineTree.of(
                        List.of(history(2, "1\t0/300\tx\n"), history(3, "1\t0/310\tx\n2\t0/400\tx\n")), List.of()))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMELINE_CONFLICT))
                .withMessageContaining("timeline 2")
                .withMessageContaining("0/300")
                .withMessageContaining("0/310");
    }

    @Test
    void aDifferentReasonIsNoConflict() {
        TimelineTree tree = TimelineTree.of(
                List.of(history(2, "1\t0/300\tone\n"), history(3, "1\t0/300\tother\n2\t0/400\tx\n")), List.of());
        assertThat(tree.timelines()).containsExactly(1, 2, 3);
    }
}
