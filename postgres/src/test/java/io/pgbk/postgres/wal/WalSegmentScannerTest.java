package io.pgbk.postgres.wal;

import static io.pgbk.postgres.wal.WalBuilder.SIZE;
import static io.pgbk.postgres.wal.WalBuilder.SYSTEM;
import static io.pgbk.postgres.wal.WalBuilder.TIME;
import static io.pgbk.postgres.wal.WalBuilder.name;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalSegmentScanner.Expectation;
import io.pgbk.postgres.wal.WalSegmentScanner.TimelineRule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class WalSegmentScannerTest {
    private static final TimelineRule FIRST = TimelineRule.of(TimelineHistory.root(1));

    private static Expectation expect(WalSegmentName name, boolean incomplete) {
        return new Expectation(name, SIZE, SYSTEM, Optional.of(PostgresMajor.V17), FIRST, incomplete);
    }

    static WalSegmentIndex scan(byte[] segment, Expectation expectation) {
        WalSegmentScanner scanner = new WalSegmentScanner(expectation);
        scanner.update(ByteBuffer.wrap(segment));
        return scanner.finish();
    }

    private static WalSegmentIndex scan(WalBuilder log, int index) {
        return scan(log.segment(index), expect(name(index), false));
    }

    private static void assertRefused(byte[] segment, Expectation expectation, ErrorCode code, String... texts) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> scan(segment, expectation))
                .satisfies(e -> assertThat(e.code()).isEqualTo(code))
                .satisfies(e -> assertThat(e.getMessage()).contains(texts));
    }

    /** One full segment. */
    private static WalBuilder full() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        log.fillUntilLeft(0);
        log.switchSegment();
        return log;
    }

    private static ByteBuffer view(byte[] segment) {
        return ByteBuffer.wrap(segment).order(ByteOrder.LITTLE_ENDIAN);
    }

    @ParameterizedTest
    @EnumSource(PostgresMajor.class)
    void theHighestTimeIsKnownForEveryStretchOf64KiB(PostgresMajor major) {
        WalBuilder log = new WalBuilder(major, 1);
        Lsn first = log.commit(700, TIME);
        log.filler(200_000);
        Lsn second = log.commit(701, TIME.plusSeconds(60));
        log.filler(200_000);
        log.commit(702, TIME.plusSeconds(30));
        Lsn last = log.switchSegment();
        WalSegmentIndex index =
                scan(log.segment(0), new Expectation(name(0), SIZE, SYSTEM, Optional.of(major), FIRST, false));

        assertThat(index.notIndexedReason()).isEmpty();
        assertThat(index.ending()).isEqualTo(WalSegmentIndex.Ending.SWITCHED);
        assertThat(index.firstRecordLsn()).contains(first);
        assertThat(index.lastRecordEndLsn()).contains(index.endLsn());
        assertThat(index.highestCommitTime()).contains(TIME.plusSeconds(60));
        assertThat(index.highestCommitTimeUpTo(index.startLsn())).isEmpty();
        assertThat(index.highestCommitTimeUpTo(first.plus(1))).contains(TIME);
        assertThat(index.highestCommitTimeUpTo(second.plus(-70_000))).contains(TIME);
        assertThat(index.highestCommitTimeUpTo(second.plus(1))).contains(TIME.plusSeconds(60));
        assertThat(index.highestCommitTimeUpTo(last)).contains(TIME.plusSeconds(60));
        assertThat(index.mayEndTransaction(701)).isTrue();
        assertThat(index.mayEndTransaction(699)).isFalse();
        assertThat(index.mayEndTransaction(703)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 100, 8191, 8192, 8193, 1 << 20})
    void thePiecesInWhichASegmentComesDoNotMatter(int pieceBytes) {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 1);
        log.commit(700, TIME);
        log.restorePoint("here", TIME);
        log.switchSegment();
        byte[] segment = log.segment(0);
        WalSegmentScanner scanner = new WalSegmentScanner(expect(name(0), false));
        for (int at = 0; at < segment.length; at += pieceBytes) {
            scanner.update(ByteBuffer.wrap(segment, at, Math.min(pieceBytes, segment.length - at)));
        }
        assertThat(scanner.finish().toBytes()).isEqualTo(scan(log, 0).toBytes());
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 24, 32})
    void hazardCommitThatStraddlesTheBorderOfTwoSegmentsIsFoundFromBoth(int left) {
        int commitBytes = 34;
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        log.fillUntilLeft(left);
        Lsn lsn = log.commit(-7, TIME);
        log.switchSegment();
        WalSegmentIndex one = WalSegmentIndex.parse(scan(log, 0).toBytes());
        WalSegmentIndex two = WalSegmentIndex.parse(scan(log, 1).toBytes());

        assertThat(one.ending()).isEqualTo(WalSegmentIndex.Ending.FULL);
        assertThat(one.straddlerLsn()).contains(lsn);
        assertThat(one.highestCommitTime()).isEmpty();
        assertThat(two.highestCommitTime()).isEmpty();
        assertThat(one.isStraddlerKnown(two)).isTrue();
        Lsn end = two.startLsn().plus(WalPageHeader.LONG_BYTES + ((commitBytes - left + 7) & -8));
        assertThat(one.straddlingEvents(two))
                .containsExactly(new WalEvents.TransactionEnd(lsn, end, -7, true, TIME, List.of()));
    }

    @Test
    void aCommitThatJustFitsIsNoStraddler() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        log.fillUntilLeft(40);
        log.commit(-7, TIME);
        log.switchSegment();
        assertThat(scan(log, 0).highestCommitTime()).contains(TIME);
        assertThat(scan(log, 0).straddlerLsn()).isEmpty();
        assertThat(scan(log, 0).isStraddlerKnown(scan(log, 1))).isTrue();
    }

    @Test
    void aBigRecordThatStraddlesIsOnlyUnknownWhenItCouldMatter() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 3);
        log.fillUntilLeft(1000);
        log.filler(300_000);
        log.switchSegment();
        assertThat(scan(log, 0).isStraddlerKnown(scan(log, 1))).isTrue();
        assertThat(scan(log, 0).straddlingEvents(scan(log, 1))).isEmpty();

        WalBuilder drops = new WalBuilder(PostgresMajor.V17, 3);
        drops.fillUntilLeft(1000);
        drops.commitDropping(700, TIME, 20_000);
        drops.switchSegment();
        assertThat(scan(drops, 0).isStraddlerKnown(scan(drops, 1))).isFalse();
        assertThat(scan(drops, 0).straddlingEvents(scan(drops, 1))).isEmpty();
    }

    @Test
    void aSegmentInsideOneHugeRecordHasNoRecordOfItsOwn() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 4);
        log.filler(2_500_000);
        log.switchSegment();
        WalSegmentIndex middle = scan(log, 1);
        assertThat(middle.isIndexed()).isTrue();
        assertThat(middle.ending()).isEqualTo(WalSegmentIndex.Ending.FULL);
        assertThat(middle.firstRecordLsn()).isEmpty();
        assertThat(middle.lastRecordEndLsn()).isEmpty();
        assertThat(scan(log, 2).isIndexed()).isTrue();
    }

    @Test
    void droppedRelationsAndRestorePointsAreKept() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 1);
        Lsn drop = log.commitDropping(700, TIME, 2);
        Lsn point = log.restorePoint("before the release", TIME.plusSeconds(1));
        log.switchSegment();
        WalSegmentIndex index = WalSegmentIndex.parse(scan(log, 0).toBytes());
        assertThat(index.droppedRelations())
                .containsExactly(
                        new WalSegmentIndex.DroppedRelation(
                                drop, 700, TIME, new WalEvents.RelationFile(1663, 5, 16384)),
                        new WalSegmentIndex.DroppedRelation(
                                drop, 700, TIME, new WalEvents.RelationFile(1663, 5, 16385)));
        assertThat(index.restorePoints("before the release"))
                .containsExactly(
                        new WalEvents.RestorePoint(point, point.plus(104), "before the release", TIME.plusSeconds(1)));
        assertThat(index.restorePoints("another")).isEmpty();
        assertThat(index.isComplete()).isTrue();
    }

    @Test
    void aCommitLargerThanWhatIsKeptStillCountsWithItsTime() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 3);
        log.commitDropping(700, TIME, 20_000);
        log.switchSegment();
        WalSegmentIndex index = scan(log, 0);
        assertThat(index.highestCommitTime()).contains(TIME);
        assertThat(index.droppedRelations()).hasSize(20_000);
    }

    @Test
    void hazardSegmentOfAnotherCluster() {
        byte[] segment = full().segment(0);
        view(segment).putLong(24, 42);
        assertRefused(segment, expect(name(0), false), ErrorCode.OTHER_CLUSTER, "42", "18364758544493064720");
    }

    @Test
    void hazardSegmentOfAnotherMajorVersion() {
        Expectation of16 = new Expectation(name(0), SIZE, SYSTEM, Optional.of(PostgresMajor.V16), FIRST, false);
        assertRefused(full().segment(0), of16, ErrorCode.OTHER_CLUSTER, "PostgreSQL 17", "16");
    }

    @Test
    void hazardSegmentSizeOfAnotherCluster() {
        byte[] segment = full().segment(0);
        view(segment).putInt(32, 16 << 20);
        assertRefused(segment, expect(name(0), false), ErrorCode.OTHER_CLUSTER, "16777216", "1048576");
    }

    @Test
    void hazardPageAddressesThatDoNotMatchTheName() {
        assertRefused(full().segment(0), expect(name(7), false), ErrorCode.WAL_INVALID, "0/100000", "0/800000");
    }

    @Test
    void hazardSegmentThatIsRecycledWhileItIsRead() {
        byte[] segment = full().segment(0);
        view(segment).putLong(8 * 8192 + 8, 0x9900000);
        assertRefused(segment, expect(name(0), false), ErrorCode.WAL_INVALID, "0/110000", "0/9900000");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8192, (1 << 20) - 1, (1 << 20) + 1})
    void hazardEmptyOrTruncatedSegment(int length) {
        assertRefused(Arrays.copyOf(full().segment(0), length), expect(name(0), false), ErrorCode.WAL_INVALID, "1");
    }

    @Test
    void anEmptyFileOfTheRightLengthIsNoSegment() {
        assertRefused(new byte[SIZE.bytes()], expect(name(0), false), ErrorCode.WAL_INVALID, "empty page");
    }

    @Test
    void zeroPagesAreOnlyAcceptedAfterASwitch() {
        byte[] segment = full().segment(0);
        Arrays.fill(segment, 100 * 8192, 101 * 8192, (byte) 0);
        assertRefused(segment, expect(name(0), false), ErrorCode.WAL_INVALID, "no segment switch");
        WalBuilder switched = new WalBuilder(PostgresMajor.V17, 1);
        switched.commit(700, TIME);
        switched.switchSegment();
        assertThat(scan(switched, 0).ending()).isEqualTo(WalSegmentIndex.Ending.SWITCHED);
    }

    @Test
    void theLastSegmentOfATimelineMayEndEarlyWhenThatIsExpected() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 1);
        log.commit(700, TIME);
        log.filler(20_000);
        Lsn end = log.position();
        byte[] zeros = log.segment(0);
        assertRefused(zeros, expect(name(0), false), ErrorCode.WAL_INVALID, "no segment switch");
        WalSegmentIndex index = scan(zeros, expect(name(0), true));
        assertThat(index.ending()).isEqualTo(WalSegmentIndex.Ending.INCOMPLETE);
        assertThat(index.lastRecordEndLsn()).contains(end);
        assertThat(index.highestCommitTime()).contains(TIME);

        byte[] stale = full().segment(0);
        for (int at = 0; at < stale.length; at += 8192) {
            view(stale).putLong(at + 8, at + 0x8000000L);
        }
        System.arraycopy(zeros, 0, stale, 0, 3 * 8192);
        assertThat(scan(stale, expect(name(0), true)).ending()).isEqualTo(WalSegmentIndex.Ending.INCOMPLETE);
        assertThat(scan(stale, expect(name(0), true)).lastRecordEndLsn()).contains(end);
    }

    @Test
    void hazardPagesOfTheTimelineBeforeThatTheSameSegmentHadEndTheLogThoughTheirAddressesAreRight() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 1);
        log.commit(700, TIME);
        log.filler(20_000);
        Lsn end = log.position();
        byte[] used = full().segment(0);
        System.arraycopy(log.segment(0), 0, used, 0, 3 * 8192);
        for (int at = 0; at < 3 * 8192; at += 8192) {
            view(used).putInt(at + 4, 2);
        }
        TimelineHistory history =
                new TimelineHistory(2, List.of(new TimelineHistory.Entry(1, Lsn.parse("0/80000"), "")));

        WalSegmentIndex index = scan(used, onTwo(history, true));
        assertThat(index.ending()).isEqualTo(WalSegmentIndex.Ending.INCOMPLETE);
        assertThat(index.lastRecordEndLsn()).contains(end);
        assertRefused(used, onTwo(history, false), ErrorCode.WAL_INVALID, "0/106000", "an older one, of timeline 1");
    }

    private static Expectation onTwo(TimelineHistory history, boolean incomplete) {
        return new Expectation(
                name(0).onTimeline(2),
                SIZE,
                SYSTEM,
                Optional.of(PostgresMajor.V17),
                TimelineRule.of(history),
                incomplete);
    }

    @Test
    void unknownWalIsAcceptedButNotIndexed() {
        byte[] future = full().segment(0);
        for (int at = 0; at < future.length; at += 8192) {
            view(future).putShort(at, (short) 0xD199);
        }
        WalSegmentIndex index = scan(future, expect(name(0), false));
        assertThat(index.notIndexedReason()).get().asString().contains("D199");
        assertThat(index.ending()).isEqualTo(WalSegmentIndex.Ending.UNKNOWN);

        view(future).putLong(24, 42);
        assertRefused(future, expect(name(0), false), ErrorCode.OTHER_CLUSTER, "42");
    }

    @Test
    void encryptedWalIsAcceptedButNotIndexed() {
        byte[] noise = new byte[SIZE.bytes()];
        new Random(1).nextBytes(noise);
        assertThat(scan(noise, expect(name(0), false)).isIndexed()).isFalse();

        byte[] records = full().segment(0);
        for (int at = 0; at < records.length; at++) {
            records[at] ^= at % 8192 >= 40 ? (byte) 0x5A : 0;
        }
        WalSegmentIndex index = scan(records, expect(name(0), false));
        assertThat(index.isIndexed()).isFalse();
        assertThat(WalSegmentIndex.parse(index.toBytes()).notIndexedReason()).isEqualTo(index.notIndexedReason());
    }

    @Test
    void aRecordThatFailsItsCrcMakesTheIndexUnknownAndNamesThePlace() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        log.commit(700, TIME);
        Lsn broken = log.commit(701, TIME);
        log.fillUntilLeft(0);
        byte[] segment = log.segment(0);
        segment[(int) (broken.value() - SIZE.bytes()) + 27] ^= 1;
        WalSegmentIndex index = scan(segment, expect(name(0), false));
        assertThat(index.notIndexedReason()).get().asString().contains(broken.toString(), "CRC");
        assertThat(index.mayEndTransaction(700)).isTrue();
    }

    @Test
    void pagesOfAnAncestorAreAcceptedBeforeTheSwitchPointOnly() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        log.filler(20_000);
        Lsn switchPoint = log.position();
        log.onTimeline(2);
        log.fillUntilLeft(0);
        WalSegmentName onTwo = name(0).onTimeline(2);
        TimelineHistory history = new TimelineHistory(2, List.of(new TimelineHistory.Entry(1, switchPoint, "")));
        Expectation right =
                new Expectation(onTwo, SIZE, SYSTEM, Optional.of(PostgresMajor.V17), TimelineRule.of(history), false);
        assertThat(scan(log.segment(0), right).isIndexed()).isTrue();

        TimelineHistory earlier =
                new TimelineHistory(2, List.of(new TimelineHistory.Entry(1, Lsn.parse("0/102000"), "")));
        assertRefused(
                log.segment(0),
                new Expectation(onTwo, SIZE, SYSTEM, Optional.empty(), TimelineRule.of(earlier), false),
                ErrorCode.WAL_INVALID,
                "0/102000",
                "timeline 1");
        assertRefused(log.segment(0), expect(name(0), false), ErrorCode.WAL_INVALID, "timeline 2");
    }

    @Test
    void aNameThatTheSegmentSizeMakesImpossibleIsRefused() {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> new WalSegmentScanner(new Expectation(
                        WalSegmentName.parse("000000010000000000000004"),
                        new WalSegmentSize(1 << 30),
                        SYSTEM,
                        Optional.empty(),
                        FIRST,
                        false)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_INVALID));
    }

    @Test
    void scatteredTransactionsAreNeverMissed() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 1);
        Random random = new Random(3);
        List<Integer> xids = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            int xid = random.nextInt();
            xids.add(xid);
            log.commit(xid, TIME);
        }
        log.switchSegment();
        WalSegmentIndex index = WalSegmentIndex.parse(scan(log, 0).toBytes());
        assertThat(xids).allMatch(index::mayEndTransaction);
        assertThat(index.toBytes().length).isLessThan(16_000);
    }

    @Test
    void hazardDamagedWalNeverFailsInAnotherWay() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        for (int i = 0; i < 400; i++) {
            log.commitDropping(700 + i, TIME, 10);
            log.restorePoint("p" + i, TIME);
        }
        log.fillUntilLeft(20);
        log.commit(9999, TIME);
        byte[] good = log.segment(0);
        Random random = new Random(4);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = good.clone();
            int flips = 1 + random.nextInt(5);
            for (int k = 0; k < flips; k++) {
                int at = random.nextBoolean()
                        ? random.nextInt(bytes.length)
                        : random.nextInt(128) * 8192 + random.nextInt(64);
                bytes[at] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                WalSegmentIndex index = scan(bytes, expect(name(0), random.nextBoolean()));
                assertThat(WalSegmentIndex.parse(index.toBytes()).toBytes()).isEqualTo(index.toBytes());
            } catch (PgbkException e) {
                assertThat(e.code()).isIn(ErrorCode.WAL_INVALID, ErrorCode.OTHER_CLUSTER);
            }
        }
    }

    @Test
    void hazardDamagedIndexNeverFailsInAnotherWay() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        for (int i = 0; i < 20; i++) {
            log.commitDropping(700 + i, TIME.plusSeconds(i), 3);
            log.restorePoint("p" + i, TIME);
        }
        log.fillUntilLeft(20);
        log.commit(9999, TIME);
        log.switchSegment();
        byte[] good = scan(log, 0).toBytes();
        WalSegmentIndex next = scan(log, 1);
        Random random = new Random(5);
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes =
                    random.nextInt(10) == 0 ? Arrays.copyOf(good, random.nextInt(good.length + 10)) : good.clone();
            for (int k = 0; k <= random.nextInt(3) && bytes.length > 0; k++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                WalSegmentIndex index = WalSegmentIndex.parse(bytes);
                assertThat(index.highestCommitTime()).isNotNull();
                assertThat(index.straddlingEvents(next)).hasSizeLessThan(2);
            } catch (PgbkException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
            }
        }
    }
}
