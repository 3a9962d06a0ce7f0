package io.pgbk.catalog.repository.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Interleaving;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalTrimming;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalRemoverTest {
    @TempDir
    Path directory;

    private static void goOn() {
        // Whoever asks may go on removing.
    }

    private static Lsn lsn(long segment) {
        return WalSegmentName.ofNumber(1, segment, TestPlace.SIZE).startLsn(TestPlace.SIZE);
    }

    /** Where a backup starts that needs just this segment. */
    private static Lsn in(long segment) {
        return lsn(segment).plus(0x28);
    }

    private static void archive(ClusterCatalog cluster, int timeline, long first, long last) {
        WalArchive wal = cluster.wal(cluster.newestIncarnation());
        LongStream.rangeClosed(first, last)
                .forEach(number -> wal.put(TestPlace.segment(WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE)
                        .toString())));
    }

    private static void put(ClusterCatalog cluster, String name, String content) {
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.file(name, content.getBytes(StandardCharsets.US_ASCII)));
    }

    private static List<Long> segments(ClusterCatalog cluster, int timeline) {
        List<Long> numbers = new ArrayList<>();
        cluster.wal(cluster.newestIncarnation())
                .segments(timeline, Optional.empty())
                .forEachRemaining(name -> numbers.add(name.number(TestPlace.SIZE)));
        return numbers;
    }

    private static List<WalGap> gaps(ClusterCatalog cluster) {
        return cluster.wal(cluster.newestIncarnation()).timelines().stream()
                .flatMap(timeline -> timeline.gaps().stream())
                .toList();
    }

    private static List<ExpirePlan.KeptWal> keepFrom(long segment) {
        return List.of(new ExpirePlan.KeptWal(1, 1, lsn(segment), Optional.empty()));
    }

    private static WalRemover.Removal trim(ClusterCatalog cluster, List<ExpirePlan.KeptWal> keep) {
        return new WalRemover(cluster, WalInventory.gather(cluster), WalRemoverTest::goOn, TaskMonitor.SILENT)
                .run(keep);
    }

    private ClusterCatalog cluster() {
        return new TestPlace(directory, new ManualTime()).cluster();
    }

    @Test
    void whatNothingNeedsGoesWithAllThatLiesBesideItAndVerifyTellsItFromALoss() {
        ClusterCatalog cluster = cluster();
        archive(cluster, 1, 1, 12);
        SmallBackup.take(cluster, in(3));
        SmallBackup.take(cluster, in(9));
        put(cluster, "000000010000000000000002.00000028.backup", "START WAL LOCATION\n");
        put(cluster, "000000010000000000000003.00000028.backup", "START WAL LOCATION\n");
        put(cluster, "00000002.history", "1\t0/A00100\tx\n");
        archive(cluster, 2, 10, 12);

        // The dead end of timeline 1, 11 and 12, was not planned to stay either.
        List<ExpirePlan.KeptWal> keep = List.of(
                new ExpirePlan.KeptWal(1, 1, in(9), Optional.of(Lsn.parse("0/A00100"))),
                new ExpirePlan.KeptWal(1, 2, Lsn.parse("0/A00100"), Optional.empty()));
        WalRemover preview =
                new WalRemover(cluster, WalInventory.gather(cluster), WalRemoverTest::goOn, TaskMonitor.SILENT);
        WalRemover.Removal would = preview.preview(keep);
        assertThat(segments(cluster, 1)).hasSize(12);
        WalRemover.Removal removal = trim(cluster, keep);
        assertThat(removal.files()).isEqualTo(would.files()).isEqualTo(10);
        assertThat(removal.bytes()).isEqualTo(would.bytes()).isPositive();

        assertThat(segments(cluster, 1)).containsExactly(3L, 9L, 10L);
        assertThat(segments(cluster, 2)).containsExactly(10L, 11L, 12L);
        assertThat(cluster.repository()
                        .store()
                        .list("clusters/main/wal/1/00000001/00000000/000000010000000000000003.0", "")
                        .hasNext())
                .isTrue();
        assertThat(gaps(cluster)).isEmpty();
        RepositoryChecker.assertSound(cluster.repository());
        // Again there is nothing to do, and no document says so.
        assertThat(trim(cluster, keep).files()).isZero();
        assertThat(cluster.repository().documents().keys("clusters/main/wal-trims/1/"))
                .hasSize(2);

        // What goes by itself is a loss: of the way to the end, even its first segment, and of the island.
        lose(cluster, 1, 9);
        assertThat(gaps(cluster)).extracting(gap -> gap.from().toString()).containsExactly("000000010000000000000009");
        lose(cluster, 2, 10);
        lose(cluster, 1, 3);
        assertThat(gaps(cluster)).hasSize(3);
        assertThat(RepositoryChecker.findings(cluster.repository()).stream()
                        .filter(Finding::serious)
                        .map(Finding::object))
                .contains("000000010000000000000003", "000000010000000000000009", "00000002000000000000000A");
    }

    private static void lose(ClusterCatalog cluster, int timeline, long number) {
        String name = WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE).toString();
        cluster.repository()
                .store()
                .delete(List.of("clusters/main/wal/1/" + name.substring(0, 8) + "/00000000/" + name));
    }

    @Test
    void aVariantThatWasKeptBesideGoesWithItsEventAndIsNotMissed() {
        ClusterCatalog cluster = cluster();
        WalArchive wal = cluster.wal(cluster.newestIncarnation());
        wal.put(TestPlace.wal(1, 1, false));
        wal.put(TestPlace.wal(1, 1, true));
        archive(cluster, 1, 2, 4);
        SmallBackup.take(cluster, in(3));
        assertThat(trim(cluster, keepFrom(3)).files()).isEqualTo(4);
        assertThat(cluster.repository()
                        .documents()
                        .keys("clusters/main/wal/1/00000001/00000000/000000010000000000000001"))
                .isEmpty();
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void whatAHoldOrARunningBackupNeedsStaysUntilTheyEnd() {
        ClusterCatalog cluster = cluster();
        archive(cluster, 1, 1, 10);
        SmallBackup.take(cluster, in(9));
        Holds.HoldRequest request = new Holds.HoldRequest(
                "restore", Set.of(), Optional.of(new Holds.WalRange(1, 1, in(2), Optional.of(in(4)))));
        try (Holds.Hold hold = cluster.holds().take(request, Duration.ofHours(1))) {
            assertThat(hold.holdId()).isNotEmpty();
            try (BackupWriter writer = cluster.backups().begin(starting(cluster, Optional.of(in(7))))) {
                assertThat(writer.label()).isNotNull();
                trim(cluster, keepFrom(9));
                assertThat(segments(cluster, 1)).containsExactly(2L, 3L, 4L, 7L, 8L, 9L, 10L);
            }
        }
        try (BackupWriter writer = cluster.backups().begin(starting(cluster, Optional.empty()))) {
            assertThat(writer.label()).isNotNull();
            trim(cluster, keepFrom(9));
            assertThat(segments(cluster, 1)).hasSize(7);
        }
        trim(cluster, keepFrom(9));
        assertThat(segments(cluster, 1)).containsExactly(9L, 10L);
        // Nobody may begin to need what is gone.
        assertThatThrownBy(() -> cluster.holds().take(request, Duration.ofHours(1)))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_GAP));
        assertThat(cluster.holds().list()).isEmpty();
    }

    private static BackupCatalog.BackupStart starting(ClusterCatalog cluster, Optional<Lsn> from) {
        return new BackupCatalog.BackupStart(
                BackupType.FULL,
                cluster.newestIncarnation(),
                Optional.empty(),
                Set.of(),
                from.map(lsn -> new Holds.WalRange(1, 1, lsn, Optional.empty())),
                Duration.ZERO);
    }

    @Test
    void anExpiringBackupKeepsTheWalBehindItUntilItsGraceIsOver() {
        ManualTime time = new ManualTime();
        ClusterCatalog cluster = new TestPlace(directory, time).cluster();
        archive(cluster, 1, 1, 10);
        SmallBackup.take(cluster, in(2));
        BackupRecord old = cluster.backups().list().getFirst();
        SmallBackup.take(cluster, in(8));
        cluster.backups().delete(old.label(), BackupCatalog.GRACE, false);
        trim(cluster, keepFrom(8));
        assertThat(segments(cluster, 1)).hasSize(9).doesNotContain(1L);
        time.advance(BackupCatalog.GRACE.plusHours(1));
        cluster.backups().purge();
        trim(cluster, keepFrom(8));
        assertThat(segments(cluster, 1)).containsExactly(8L, 9L, 10L);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void whatIsArchivedAfterTheInventoryIsNotTouched() {
        ClusterCatalog cluster = cluster();
        archive(cluster, 1, 1, 5);
        SmallBackup.take(cluster, in(2));
        WalInventory inventory = WalInventory.gather(cluster);
        archive(cluster, 1, 6, 8);
        new WalRemover(cluster, inventory, WalRemoverTest::goOn, TaskMonitor.SILENT)
                .run(List.of(new ExpirePlan.KeptWal(1, 1, in(2), Optional.of(in(3)))));
        assertThat(segments(cluster, 1)).containsExactly(2L, 3L, 6L, 7L, 8L);
    }

    /** Removes what a policy does not keep from segment 7 on, by an inventory that knows timeline 1 only. */
    private static void trimBehind(ClusterCatalog cluster, Runnable since, int timeline) {
        archive(cluster, 1, 1, 8);
        SmallBackup.take(cluster, in(7));
        WalInventory inventory = WalInventory.gather(cluster);
        since.run();
        Holds.WalRange range = new Holds.WalRange(1, timeline, in(3), Optional.empty());
        try (Holds.Hold hold = cluster.holds()
                .take(new Holds.HoldRequest("restore", Set.of(), Optional.of(range)), Duration.ofHours(1))) {
            assertThat(hold.holdId()).isNotEmpty();
            new WalRemover(cluster, inventory, WalRemoverTest::goOn, TaskMonitor.SILENT).run(keepFrom(7));
        }
    }

    @Test
    void aHoldOnATimelineThatBeganBehindTheInventoryKeepsTheWayThere() {
        ClusterCatalog cluster = cluster();
        trimBehind(cluster, () -> put(cluster, "00000002.history", "1\t0/500100\tx\n"), 2);
        assertThat(segments(cluster, 1)).containsExactly(3L, 4L, 5L, 7L, 8L);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void aHoldOnATimelineOfWhichNobodyKnowsWhereItBeganKeepsAllThatMayLeadThere() {
        ClusterCatalog cluster = cluster();
        trimBehind(cluster, () -> {}, 3);
        assertThat(segments(cluster, 1)).containsExactly(3L, 4L, 5L, 6L, 7L, 8L);
    }

    @Test
    void aHoldOnATimelineWhoseHistoryIsDamagedKeepsAllThatMayLeadThere() {
        ClusterCatalog cluster = cluster();
        trimBehind(
                cluster,
                () -> {
                    try {
                        Files.writeString(
                                directory.resolve("repository/clusters/main/wal/1/00000002.history"), "damaged");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                2);
        assertThat(segments(cluster, 1)).containsExactly(3L, 4L, 5L, 6L, 7L, 8L);
    }

    /** What many copies write, one document each. */
    private static void writeDocuments(WalTrimming trimming, int count) {
        for (int i = 0; i < count; i++) {
            SegmentSpans spans =
                    SegmentSpans.between(100, 100L + trimming.read().number());
            trimming.leaveOut(_ -> new TreeMap<>(Map.of(1, spans)));
        }
    }

    private static List<Integer> documents(ClusterCatalog cluster) {
        return cluster.repository().documents().keys("clusters/main/wal-trims/1/").stream()
                .map(key -> Integer.valueOf(key.substring(key.length() - 8)))
                .toList();
    }

    @Test
    void documentsThatWereOvertakenLongAgoGoAndWhoSleptSinceDecidesNothing() {
        ClusterCatalog cluster = cluster();
        prepare(cluster);
        WalTrimming trimming = cluster.wal(cluster.newestIncarnation()).trimming();
        TrimmedWal early = trimming.read();
        writeDocuments(trimming, 150);
        trim(cluster, keepFrom(7));
        assertThat(documents(cluster)).hasSize(101).startsWith(52).endsWith(152);
        TrimmedWal newest = trimming.read();

        // Its number is free, but others have gone on.
        assertThat(trimming.write(early, Map.of(1, SegmentSpans.between(0, 8)), Map.of()))
                .isEmpty();
        assertThat(trimming.read()).isEqualTo(newest);
        trim(cluster, keepFrom(7));
        assertThat(documents(cluster)).hasSize(101).startsWith(52);
        assertThat(segments(cluster, 1)).containsExactly(7L, 8L);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void documentsOfCopiesDoNotPileUpWhereNobodyExpiresAnything() {
        ClusterCatalog cluster = cluster();
        prepare(cluster);
        WalTrimming trimming = cluster.wal(cluster.newestIncarnation()).trimming();
        writeDocuments(trimming, 300);
        assertThat(documents(cluster)).hasSizeBetween(101, 121).endsWith(trimming.newest());
    }

    @Test
    void whoFoundADocumentThatWentBeforeItWasReadReadsTheNewest() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        prepare(cluster);
        WalTrimming trimming = cluster.wal(cluster.newestIncarnation()).trimming();
        writeDocuments(trimming, 1);
        FaultyStore store = place.store();
        try (Repository reader = place.open(store, "reader")) {
            WalTrimming slow = new ClusterCatalog(reader, TestPlace.CLUSTER)
                    .wal(cluster.newestIncarnation())
                    .trimming();
            store.runAtCall(2, () -> {
                writeDocuments(trimming, 101);
                trim(cluster, keepFrom(7));
            });
            assertThat(slow.read()).isEqualTo(trimming.read());
            assertThat(documents(cluster)).doesNotContain(1);
        }
    }

    private static Holds.HoldRequest holding(int timeline, long from) {
        Holds.WalRange range = new Holds.WalRange(1, timeline, in(from), Optional.empty());
        return new Holds.HoldRequest("restore", Set.of(), Optional.of(range));
    }

    @Test
    void hazardNobodyBeginsToNeedATimelineOfWhichNobodyKnowsWhereItBeganWhereWalIsGone() {
        ClusterCatalog cluster = cluster();
        archive(cluster, 1, 1, 8);
        SmallBackup.take(cluster, in(7));
        trim(cluster, keepFrom(7));
        archive(cluster, 3, 8, 8);

        // Timeline 3 may have begun anywhere on timeline 1.
        assertThatThrownBy(() -> cluster.holds().take(holding(3, 3), Duration.ofHours(1)))
                .hasMessageContaining("000000010000000000000003")
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_GAP));
        assertThat(cluster.holds().list()).isEmpty();
        try (Holds.Hold hold = cluster.holds().take(holding(3, 7), Duration.ofHours(1))) {
            assertThat(hold.holdId()).isNotEmpty();
        }
    }

    @Test
    void aTimelineWhoseWalGoesOnBehindItsBranchIsAnEndOfItsOwn() {
        ClusterCatalog cluster = cluster();
        archive(cluster, 1, 1, 5);
        put(cluster, "00000002.history", "1\t0/500100\tx\n");
        archive(cluster, 2, 5, 6);
        put(cluster, "00000003.history", "1\t0/500100\tx\n2\t0/700000\ty\n");
        assertThat(WalInventory.gather(cluster).ends())
                .extracting(end -> end.history().timeline())
                .containsExactly(3);
        archive(cluster, 1, 6, 7);
        assertThat(WalInventory.gather(cluster).ends())
                .allSatisfy(end -> assertThat(end.lastWritten()).isPresent());
        assertThat(WalInventory.gather(cluster).ends())
                .extracting(end -> end.history().timeline())
                .containsExactly(1, 3);
    }

    /** Needs segment 4 to 6, which no policy keeps. */
    private static void takeInTheMiddle(ClusterCatalog cluster) {
        SmallBackup.take(cluster, in(4));
    }

    private static void prepare(ClusterCatalog cluster) {
        archive(cluster, 1, 1, 8);
        SmallBackup.take(cluster, in(7));
    }

    private static void settle(ClusterCatalog cluster) {
        cluster.repository().runtime().monotonic().pause(Duration.ofDays(3));
        cluster.backups().purge();
        trim(cluster, keepFrom(7));
        assertThat(gaps(cluster)).isEmpty();
        List<Long> expected = cluster.backups().list().size() == 1 ? List.of(7L, 8L) : List.of(4L, 7L, 8L);
        assertThat(segments(cluster, 1)).isEqualTo(expected);
    }

    @Test
    void hazardABackupBeginsToNeedWalWhileItIsRemovedByAProcessThatSleeps() {
        new Interleaving(directory, WalRemoverTest::prepare)
                .run(
                        cluster -> trim(cluster, keepFrom(7)),
                        WalRemoverTest::takeInTheMiddle,
                        Duration.ofDays(5),
                        WalRemoverTest::settle);
    }

    @Test
    void hazardWalIsRemovedWhileABackupThatNeedsItSleepsPastEveryDeadline() {
        new Interleaving(directory, WalRemoverTest::prepare)
                .run(
                        WalRemoverTest::takeInTheMiddle,
                        cluster -> {
                            cluster.backups().purge();
                            trim(cluster, keepFrom(7));
                        },
                        Duration.ofDays(5),
                        WalRemoverTest::settle);
    }

    @Test
    void hazardTwoProcessesRemoveWalByDifferentPlans() {
        new Interleaving(directory, WalRemoverTest::prepare)
                .run(
                        cluster -> trim(cluster, keepFrom(7)),
                        cluster -> trim(cluster, keepFrom(3)),
                        Duration.ofDays(1),
                        WalRemoverTest::settle);
    }

    @Test
    void hazardARemovalThatIsKilledAtAnyCallIsFinishedByTheNext() {
        boolean died = true;
        for (int call = 1; died; call++) {
            TestPlace place = new TestPlace(directory.resolve("kill" + call), new ManualTime());
            ClusterCatalog cluster = place.cluster();
            prepare(cluster);
            FaultyStore store = place.store();
            try (Repository dying = place.open(store, "dying")) {
                store.dieAtCall(call, call % 2 == 0);
                Interleaving.tolerant(one -> trim(one, keepFrom(7)), new ClusterCatalog(dying, TestPlace.CLUSTER));
                died = store.died();
            }
            place.assertSound();
            assertThat(gaps(cluster)).isEmpty();
            trim(cluster, keepFrom(7));
            assertThat(segments(cluster, 1)).containsExactly(7L, 8L);
            place.assertSound();
        }
    }

    @Test
    void aRemovalStopsBeforeItsNextBatchWhenItsLeaseIsLost() {
        ClusterCatalog cluster = cluster();
        prepare(cluster);
        PgbkException lost = new PgbkException(ErrorCode.HELD_BY_ANOTHER, "the lease is lost");
        List<Integer> asked = new ArrayList<>();
        Runnable lease = () -> {
            asked.add(1);
            if (asked.size() > 1) {
                throw lost;
            }
        };
        WalRemover remover = new WalRemover(cluster, WalInventory.gather(cluster), lease, TaskMonitor.SILENT);
        assertThatThrownBy(() -> remover.run(keepFrom(7))).isSameAs(lost);
        assertThat(segments(cluster, 1)).hasSize(8);
        // It was decided all the same: nobody counts on it any more.
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void aCopyBringsBackWhatTheOtherRepositoryRemovedAndItStays() {
        ManualTime time = new ManualTime();
        ClusterCatalog from = new TestPlace(directory.resolve("from"), time).cluster();
        ClusterCatalog to = new TestPlace(directory.resolve("to"), time).cluster();
        prepare(from);
        takeInTheMiddle(from);
        archive(to, 1, 1, 8);
        trim(to, keepFrom(7));
        assertThat(segments(to, 1)).containsExactly(7L, 8L);

        new RepositoryCopy(from, to).run(new RepositoryCopy.Request(Optional.empty(), 2, false), TaskMonitor.SILENT);
        assertThat(to.backups().list()).hasSize(2);
        assertThat(segments(to, 1)).containsExactly(4L, 7L, 8L);
        trim(to, keepFrom(7));
        assertThat(segments(to, 1)).containsExactly(4L, 7L, 8L);
        RepositoryChecker.assertSound(to.repository());
    }
}
