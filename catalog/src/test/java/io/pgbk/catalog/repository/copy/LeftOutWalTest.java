package io.pgbk.catalog.repository.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Interleaving;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.WalInventory;
import io.pgbk.catalog.repository.retention.WalRemover;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalTimeline;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a copy leaves out because the other repository removed it, against what was lost. */
class LeftOutWalTest {
    private static final int MAX_CALLS = 600;
    /** Calls to the store between two runs of a test that stops one of them. */
    private static final int STEP = Boolean.getBoolean("pgbk.long") ? 3 : 31;

    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();

    private TestPlace place(String name) {
        return new TestPlace(directory.resolve(name), time);
    }

    private static Lsn in(long segment) {
        return WalSegmentName.ofNumber(1, segment, TestPlace.SIZE)
                .startLsn(TestPlace.SIZE)
                .plus(0x28);
    }

    private static String name(int timeline, long segment) {
        return WalSegmentName.ofNumber(timeline, segment, TestPlace.SIZE).toString();
    }

    private static WalArchive wal(ClusterCatalog cluster) {
        return cluster.wal(cluster.newestIncarnation());
    }

    private static void archive(ClusterCatalog cluster, int timeline, long first, long last) {
        LongStream.rangeClosed(first, last)
                .forEach(number -> wal(cluster).put(TestPlace.segment(name(timeline, number))));
    }

    private static List<Long> segments(ClusterCatalog cluster) {
        List<Long> numbers = new ArrayList<>();
        wal(cluster).segments(1, Optional.empty()).forEachRemaining(name -> numbers.add(name.number(TestPlace.SIZE)));
        return numbers;
    }

    private static void lose(ClusterCatalog cluster, int timeline, long number) {
        cluster.repository()
                .store()
                .delete(List.of("clusters/main/wal/1/0000000" + timeline + "/00000000/" + name(timeline, number)));
    }

    /** Removes everything but what the backups need and what is behind a segment. */
    private static void trim(ClusterCatalog cluster, long keepFrom) {
        new WalRemover(cluster, WalInventory.gather(cluster), () -> {}, TaskMonitor.SILENT)
                .run(List.of(new ExpirePlan.KeptWal(1, 1, in(keepFrom), Optional.empty())));
    }

    private static CopyReport copy(ClusterCatalog from, ClusterCatalog to, Optional<Label> backup) {
        return new RepositoryCopy(from, to).run(new RepositoryCopy.Request(backup, 2, false), TaskMonitor.SILENT);
    }

    private static CopyReport copy(ClusterCatalog from, ClusterCatalog to) {
        return copy(from, to, Optional.empty());
    }

    private static TrimmedWal trimmed(ClusterCatalog cluster) {
        return wal(cluster).trimming().read();
    }

    private static SegmentSpans spans(long... ends) {
        List<SegmentSpans.Span> spans = new ArrayList<>();
        for (int i = 0; i < ends.length; i += 2) {
            spans.add(new SegmentSpans.Span(ends[i], ends[i + 1]));
        }
        return SegmentSpans.of(spans);
    }

    private static List<String> gaps(ClusterCatalog cluster) {
        return RepositoryChecker.findings(cluster.repository()).stream()
                .filter(Finding::serious)
                .map(Finding::object)
                .toList();
    }

    private static void assertSound(ClusterCatalog cluster) {
        RepositoryChecker.assertSound(cluster.repository());
    }

    /** Segments 1 to 12, backups in 3 and 9; what neither they nor the way from 9 on need was removed. */
    private ClusterCatalog thinnedOut() {
        ClusterCatalog from = place("from").cluster();
        archive(from, 1, 1, 12);
        SmallBackup.take(from, in(3));
        SmallBackup.take(from, in(9));
        trim(from, 9);
        assertThat(segments(from)).containsExactly(3L, 9L, 10L, 11L, 12L);
        return from;
    }

    @Test
    void whatTheSourceRemovedIsNoGapInTheCopyAndNothingOfItIsCalledRemovedThere() {
        ClusterCatalog from = thinnedOut();
        ClusterCatalog to = place("to").cluster();

        assertThat(copy(from, to).failures()).isEmpty();

        assertSound(to);
        assertThat(trimmed(to).removed()).isEmpty();
        assertThat(trimmed(to).leftOut()).containsOnlyKeys(1).containsEntry(1, spans(0, 2, 4, 8));
        int number = trimmed(to).number();
        assertThat(copy(from, to).failures()).isEmpty();
        assertThat(trimmed(to).number()).as("nothing new, no document").isEqualTo(number);
        // A copy of the copy leaves the same out.
        ClusterCatalog third = place("third").cluster();
        assertThat(copy(to, third).failures()).isEmpty();
        assertThat(trimmed(third).leftOut()).isEqualTo(trimmed(to).leftOut());
        assertSound(third);
    }

    @Test
    void aLossInTheCopyIsAGapAlsoWhenTheSourceRemovesTheSegmentLater() {
        ClusterCatalog from = thinnedOut();
        ClusterCatalog to = place("to").cluster();
        copy(from, to);
        for (long lost : new long[] {3, 9, 10}) {
            lose(to, 1, lost);
        }
        assertThat(gaps(to)).contains(name(1, 3), name(1, 9)).hasSize(4);
        // What the other one still has is healed.
        assertThat(copy(from, to).failures()).isEmpty();
        assertSound(to);

        lose(to, 1, 10);
        SmallBackup.take(from, in(12));
        archive(from, 1, 13, 14);
        trim(from, 12);
        assertThat(segments(from)).containsExactly(3L, 9L, 12L, 13L, 14L);
        assertThat(copy(from, to).failures()).isEmpty();
        assertThat(gaps(to)).containsExactly(name(1, 10));
        assertThat(segments(to)).containsExactly(3L, 9L, 11L, 12L, 13L, 14L);
    }

    @Test
    void aSegmentThatTheSourceLostIsReportedAndAGapInTheCopy() {
        ClusterCatalog from = thinnedOut();
        ClusterCatalog to = place("to").cluster();
        lose(from, 1, 10);
        lose(from, 1, 11);

        assertThat(copy(from, to).failures()).singleElement().satisfies(failure -> {
            assertThat(failure.code()).isEqualTo(ErrorCode.WAL_GAP);
            assertThat(failure).hasMessageContaining(name(1, 10)).hasMessageContaining(name(1, 11));
        });
        assertThat(to.backups().list()).hasSize(2);
        assertThat(gaps(to)).containsExactly(name(1, 10));
        // One that has it closes it.
        archive(to, 1, 10, 11);
        assertThat(copy(from, to).failures()).isEmpty();
        assertSound(to);
    }

    @Test
    void aGapThatAnArchiveHadBeforeTheFirstCopyStaysOneAlthoughTheSourceRemovedTheSegment() {
        ClusterCatalog from = thinnedOut();
        ClusterCatalog to = place("to").cluster();
        archive(to, 1, 5, 12);
        lose(to, 1, 7);
        assertThat(gaps(to)).containsExactly(name(1, 7));

        copy(from, to);

        assertThat(gaps(to)).containsExactly(name(1, 7));
        assertThat(trimmed(to).leftOut()).containsEntry(1, spans(0, 2, 4, 4));
    }

    @Test
    void aSegmentThatIsPushedIntoTheCopyLaterIsNotRemovedBecauseItWasLeftOut() {
        ClusterCatalog from = thinnedOut();
        ClusterCatalog to = place("to").cluster();
        copy(from, to);
        archive(to, 1, 5, 6);
        trim(to, 4);
        assertThat(segments(to)).containsExactly(3L, 5L, 6L, 9L, 10L, 11L, 12L);
        assertThat(trimmed(to).removed()).containsEntry(1, spans(0, 2));
        assertThat(trimmed(to).leftOut()).containsEntry(1, spans(4, 8));
        assertSound(to);
        // What is there is left out no longer, once a copy has seen it.
        copy(from, to);
        assertThat(trimmed(to).leftOut()).containsEntry(1, spans(4, 4, 7, 8));
        lose(to, 1, 5);
        assertThat(gaps(to)).containsExactly(name(1, 5));
    }

    @Test
    void aCopyOfOneBackupLeavesOutWhatLiesBetweenAndACopyOfAllBringsIt() {
        ClusterCatalog from = place("from").cluster();
        archive(from, 1, 1, 12);
        Label old = SmallBackup.take(from, in(3));
        Label built = SmallBackup.take(from, in(9), Optional.of(old));
        ClusterCatalog to = place("to").cluster();

        copy(from, to, Optional.of(built));
        assertThat(segments(to)).containsExactly(3L, 9L);
        assertSound(to);
        assertThat(trimmed(to).leftOut()).containsEntry(1, spans(4, 8));
        lose(to, 1, 9);
        assertThat(gaps(to)).containsExactly(name(1, 9));

        copy(from, to);
        assertThat(segments(to)).hasSize(12);
        assertThat(trimmed(to).leftOut()).isEmpty();
        lose(to, 1, 5);
        assertThat(gaps(to)).containsExactly(name(1, 5));
    }

    @Test
    void aTimelineThatTheSourceRemovedUpToItsBranchIsNoGapInTheCopy() {
        ClusterCatalog from = place("from").cluster();
        archive(from, 1, 1, 9);
        history(from, 2, "1\t0/A00100\tx\n");
        archive(from, 2, 10, 14);
        SmallBackup.take(from, in(3));
        new WalRemover(from, WalInventory.gather(from), () -> {}, TaskMonitor.SILENT)
                .run(List.of(new ExpirePlan.KeptWal(1, 2, in(12), Optional.empty())));
        assertThat(segments(from)).containsExactly(3L);
        assertSound(from);
        ClusterCatalog to = place("to").cluster();

        assertThat(copy(from, to).failures()).isEmpty();

        assertSound(to);
        lose(to, 2, 13);
        assertThat(gaps(to)).containsExactly(name(2, 13));
    }

    @Test
    void ofATimelineWhoseHistoriesDifferAndItsBranchesNothingIsCopiedAndEverythingElseIs() {
        ClusterCatalog from = place("from").cluster();
        archive(from, 1, 1, 9);
        Label first = SmallBackup.take(from, in(3));
        history(from, 2, "1\t0/A00100\tx\n");
        archive(from, 2, 10, 12);
        history(from, 3, "1\t0/A00100\tx\n2\t0/C00100\tx\n");
        archive(from, 3, 12, 14);
        history(from, 4, "1\t0/900100\tx\n");
        archive(from, 4, 9, 11);
        ClusterCatalog to = place("to").cluster();
        archive(to, 1, 5, 8);
        history(to, 2, "1\t0/800100\tother\n");
        archive(to, 2, 8, 9);

        assertThat(copy(from, to).failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.TIMELINE_CONFLICT));

        assertThat(to.backups().list()).extracting(BackupRecord::label).containsExactly(first);
        assertThat(segments(to)).hasSize(9);
        assertThat(wal(to).timelines()).extracting(WalTimeline::timeline).containsExactly(1, 2, 4);
        assertSound(to);
    }

    private static void history(ClusterCatalog cluster, int timeline, String content) {
        wal(cluster)
                .put(TestPlace.file("0000000" + timeline + ".history", content.getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void aRecordThatCannotBeReadIsReportedAndEverythingElseCopied() throws IOException {
        ClusterCatalog from = thinnedOut();
        ClusterCatalog to = place("to").cluster();
        Path record = place("from").directory().resolve("clusters/main/wal-trims/1/00000002");
        byte[] content = Files.readAllBytes(record);
        content[content.length / 2] ^= 1;
        Files.delete(record);
        Files.write(record, content);

        assertThat(copy(from, to).failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
        assertThat(segments(to)).containsExactly(3L, 9L, 10L, 11L, 12L);
        assertThat(to.backups().list()).hasSize(2);
        // In the target nobody knows what it removed itself, so nothing is brought.
        ClusterCatalog again = place("again").cluster();
        assertThatThrownBy(() -> copy(again, from))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }

    @Test
    void hazardKilledAtAnyCallTheCopyIsSoundAndStaysSoWhenTheSourceRemovesMoreBeforeTheNext() {
        boolean died = true;
        for (int call = 1; died; call += STEP) {
            assertThat(call).isLessThan(MAX_CALLS);
            ClusterCatalog from = new TestPlace(directory.resolve("source" + call), time).cluster();
            archive(from, 1, 1, 8);
            SmallBackup.take(from, in(3));
            SmallBackup.take(from, in(6));
            trim(from, 6);
            TestPlace place = place("killed" + call);
            ClusterCatalog to = place.cluster();
            // Its own expiry has removed what comes back with the older backup.
            archive(to, 1, 1, 4);
            trim(to, 4);
            FaultyStore store = place.store();
            try (Repository dying = place.open(store, "dying")) {
                store.dieAtCall(call, call % 2 == 0);
                Interleaving.tolerant(one -> copy(from, one), new ClusterCatalog(dying, TestPlace.CLUSTER));
                died = store.died();
            }
            place.assertSound();
            SmallBackup.take(from, in(8));
            archive(from, 1, 9, 10);
            trim(from, 8);
            time.advance(Duration.ofMinutes(5));
            assertThat(copy(from, to).failures()).isEmpty();
            place.assertSound();
            assertThat(segments(to)).contains(3L, 6L, 8L, 9L, 10L);
            lose(to, 1, 9);
            assertThat(gaps(to)).as("call %d", call).containsExactly(name(1, 9));
        }
    }

    /** The one copy is suspended before a call to the source or the target, and meanwhile something else happens. */
    private void interleave(Beside beside) {
        for (boolean atSource : new boolean[] {true, false}) {
            boolean ran = true;
            for (int call = 1; ran; call += STEP) {
                assertThat(call).isLessThan(MAX_CALLS);
                String run = (atSource ? "s" : "t") + call;
                TestPlace source = place("from-" + run);
                ClusterCatalog from = source.cluster();
                archive(from, 1, 1, 6);
                SmallBackup.take(from, in(2));
                SmallBackup.take(from, in(5));
                trim(from, 5);
                TestPlace target = place("to-" + run);
                ClusterCatalog to = target.cluster();
                FaultyStore store = atSource ? source.store() : target.store();
                try (Repository one = (atSource ? source : target).open(store, "sleeper")) {
                    ClusterCatalog sleeping = new ClusterCatalog(one, TestPlace.CLUSTER);
                    store.suspendAtCall(call, () -> beside.run(from, to));
                    Interleaving.tolerant(any -> copy(atSource ? any : from, atSource ? to : any), sleeping);
                    ran = store.wasSuspended();
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError(run, e);
                }
                target.assertSound();
                time.advance(Duration.ofMinutes(5));
                copy(from, to);
                target.assertSound();
                long last = segments(to).getLast();
                lose(to, 1, last - 1);
                assertThat(gaps(to)).as(run).contains(name(1, last - 1));
            }
        }
    }

    private interface Beside {
        void run(ClusterCatalog from, ClusterCatalog to);
    }

    @Test
    void hazardTheSourceRemovesWalWhileItIsCopied() {
        interleave((from, to) -> {
            archive(from, 1, 7, 9);
            SmallBackup.take(from, in(8));
            BackupRecord oldest = from.backups().list().getFirst();
            from.backups().delete(oldest.label(), Duration.ZERO, false);
            trim(from, 8);
        });
    }

    @Test
    void hazardTheSourceIsPromotedWhileItIsCopied() {
        interleave((from, to) -> {
            archive(from, 1, 7, 9);
            history(from, 2, "1\t0/A00100\tx\n");
            archive(from, 2, 10, 12);
        });
    }

    @Test
    void hazardTwoCopiesAtOnceAndTheSourceGoesOnRemoving() {
        interleave((from, to) -> {
            archive(from, 1, 7, 9);
            SmallBackup.take(from, in(8));
            trim(from, 8);
            Interleaving.tolerant(other -> copy(from, other), to);
        });
    }

    @Test
    void hazardTheTargetRemovesWalWhileItIsFilled() {
        interleave((from, to) -> Interleaving.tolerant(other -> trim(other, 6), to));
    }

    private interface Meanwhile {
        void run(ClusterCatalog from, ClusterCatalog to, TestPlace target);
    }

    /** Suspends a copy before every call to its target; both repositories begin as they were prepared once. */
    private void suspendAtEveryCallToTheTarget(Beside prepare, Meanwhile meanwhile, Beside afterwards) {
        TestPlace preparedFrom = place("prepared-from");
        TestPlace preparedTo = place("prepared-to");
        ClusterCatalog fromOnce = preparedFrom.cluster();
        ClusterCatalog toOnce = preparedTo.cluster();
        prepare.run(fromOnce, toOnce);
        fromOnce.repository().close();
        toOnce.repository().close();
        boolean ran = true;
        for (int call = 1; ran; call++) {
            assertThat(call).isLessThan(MAX_CALLS);
            TestPlace source = place("from-" + call);
            TestPlace target = place("to-" + call);
            Interleaving.copy(preparedFrom.directory(), source.directory());
            Interleaving.copy(preparedTo.directory(), target.directory());
            FaultyStore store = target.store();
            try (Repository first = source.open("source");
                    Repository second = target.open("other");
                    Repository sleeper = target.open(store, "sleeper")) {
                ClusterCatalog from = new ClusterCatalog(first, TestPlace.CLUSTER);
                ClusterCatalog to = new ClusterCatalog(second, TestPlace.CLUSTER);
                store.suspendAtCall(call, () -> meanwhile.run(from, to, target));
                assertThat(copy(from, new ClusterCatalog(sleeper, TestPlace.CLUSTER))
                                .failures())
                        .isEmpty();
                ran = store.wasSuspended();
                if (ran) {
                    afterwards.run(from, to);
                }
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("call " + call, e);
            }
            target.assertSound();
        }
    }

    @Test
    void hazardTheTargetRemovesWhatItHasWhileACopyLooksWhatIsMissing() {
        suspendAtEveryCallToTheTarget(
                (from, to) -> {
                    archive(from, 1, 1, 8);
                    SmallBackup.take(from, in(7));
                    copy(from, to);
                    archive(from, 1, 9, 10);
                },
                (from, to, target) -> trim(to, 7),
                (from, to) -> {
                    SegmentSpans removed = trimmed(to).removed(1);
                    assertThat(segments(to)).contains(7L, 8L, 9L, 10L).noneMatch(removed::contains);
                });
    }

    @Test
    void hazardAnotherCopyThatWantsRemovedWalBackDiesBesideACopyOfEverything() {
        suspendAtEveryCallToTheTarget(
                (from, to) -> {
                    archive(from, 1, 1, 8);
                    SmallBackup.take(from, in(7));
                    copy(from, to);
                    trim(to, 7);
                    archive(from, 1, 9, 10);
                },
                (from, to, target) -> {
                    Label older = SmallBackup.take(from, in(4));
                    FaultyStore store = target.store();
                    store.dieAtStoring(key -> key.endsWith(name(1, 4)));
                    try (Repository dying = target.open(store, "dying")) {
                        Interleaving.tolerant(
                                other -> copy(from, other, Optional.of(older)),
                                new ClusterCatalog(dying, TestPlace.CLUSTER));
                    }
                    assertThat(trimmed(to).leftOut()).containsKey(1);
                },
                (from, to) -> {
                    assertThat(segments(to)).contains(7L, 8L, 9L, 10L);
                    assertSound(to);
                    time.advance(Duration.ofMinutes(5));
                    assertThat(copy(from, to).failures()).isEmpty();
                    assertThat(segments(to)).contains(4L);
                    assertSound(to);
                });
    }
}
