package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Interleaving;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Removals against whatever else happens: whatever is listed stays whole. */
class RemovalRaceTest {
    private static final Lsn SECOND = Lsn.parse("0/100400");
    private static final Lsn THIRD = Lsn.parse("0/100800");

    @TempDir
    Path directory;

    /** What was there before: a full, and a newer one. */
    private static List<Label> twoFulls(ClusterCatalog cluster) {
        return List.of(SmallBackup.take(cluster), SmallBackup.take(cluster, SECOND));
    }

    private void suspendAtEveryCall(
            Consumer<ClusterCatalog> suspended, Consumer<ClusterCatalog> meanwhile, Duration sleep) {
        new Interleaving(directory, RemovalRaceTest::twoFulls).run(suspended, meanwhile, sleep, cluster -> {
            cluster.repository().runtime().monotonic().pause(Duration.ofDays(9));
            cluster.backups().purge();
            assertThat(cluster.backups().list().stream().filter(BackupRecord::good))
                    .isNotEmpty();
        });
    }

    private static Label oldest(ClusterCatalog cluster) {
        return cluster.backups().list().getFirst().label();
    }

    private static Label newest(ClusterCatalog cluster) {
        return cluster.backups().list().getLast().label();
    }

    private static void deleteOldest(ClusterCatalog cluster) {
        cluster.backups().delete(oldest(cluster), Duration.ZERO, false);
    }

    private static void takeOnOldest(ClusterCatalog cluster) {
        SmallBackup.take(cluster, THIRD, Optional.of(oldest(cluster)));
    }

    @Test
    void hazardABackupIsBuiltOnOneThatIsDeletedMeanwhile() {
        suspendAtEveryCall(RemovalRaceTest::deleteOldest, RemovalRaceTest::takeOnOldest, Duration.ZERO);
    }

    @Test
    void hazardABackupSleepsPastEveryDeadlineWhileWhatItIsBuiltOnIsDeleted() {
        suspendAtEveryCall(
                RemovalRaceTest::takeOnOldest,
                cluster -> {
                    // Ended after two days without a sign of life; then what it needs may go.
                    cluster.backups().purge();
                    Interleaving.tolerant(RemovalRaceTest::deleteOldest, cluster);
                },
                Duration.ofDays(3));
    }

    @Test
    void hazardTwoProcessesDeleteTheTwoLastGoodBackups() {
        suspendAtEveryCall(
                RemovalRaceTest::deleteOldest,
                cluster -> cluster.backups()
                        .delete(cluster.backups().list().getLast().label(), Duration.ZERO, false),
                Duration.ZERO);
    }

    @Test
    void hazardTwoProcessesPurgeAtOnceAndOneSleepsForDays() {
        suspendAtEveryCall(
                cluster -> {
                    cluster.backups().delete(oldest(cluster), Duration.ofDays(1), false);
                    cluster.repository().runtime().monotonic().pause(Duration.ofDays(2));
                    cluster.backups().purge();
                },
                cluster -> cluster.backups().purge(),
                Duration.ofDays(4));
    }

    @Test
    void hazardABackupThatWasGivenUpAndForgottenCannotBeCommittedWhenItsProcessWakes() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        SmallBackup.take(cluster);
        FaultyStore store = place.store();
        try (Repository sleeper = place.open(store, "sleeper")) {
            BackupWriter writer = new ClusterCatalog(sleeper, TestPlace.CLUSTER)
                    .backups()
                    .begin(new BackupCatalog.BackupStart(
                            BackupType.FULL, cluster.newestIncarnation(), Optional.empty(), Duration.ZERO));
            store.dieAtCall(1, false);
            for (int days = 0; days < 20; days += 5) {
                place.time().advance(Duration.ofDays(5));
                cluster.backups().purge();
            }
            store.revive();
            assertThatThrownBy(writer::checkAlive).isInstanceOf(PgbkException.class);
            writer.close();
            assertThat(sleeper.store()
                            .list("clusters/main/backups/" + writer.label() + "/", "")
                            .next()
                            .key())
                    .endsWith("/backup");
        }
        // The name stays taken for a month, then nothing of it is left.
        place.time().advance(Duration.ofDays(40));
        cluster.backups().purge();
        place.assertSound();
        assertThat(cluster.backups().list()).hasSize(1);
    }

    @Test
    void aChainExpiresTogetherAndGoesInOnePurgeTheLastLinkFirst() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label full = SmallBackup.take(cluster);
        Label first = SmallBackup.take(cluster, SECOND, Optional.of(full));
        Label second = SmallBackup.take(cluster, THIRD, Optional.of(first));
        Label kept = SmallBackup.take(cluster, Lsn.parse("0/100C00"));
        Map<Label, String> chain = Map.of(full, "old", first, "old", second, "old");

        // A restore of the middle keeps what it is built on, not what is built on it.
        try (Holds.Hold hold = cluster.holds()
                .take(new Holds.HoldRequest("restore", Set.of(first), Optional.empty()), Duration.ofHours(1))) {
            assertThat(cluster.backups().expire(chain, BackupCatalog.GRACE)).containsOnlyKeys(full, first);
            assertThat(hold.until()).isAfter(place.time().instant());
        }
        assertThat(cluster.backups().require(second).expiring()).isTrue();
        assertThat(cluster.backups().require(full).expiring()).isFalse();
        assertThat(cluster.backups().expire(Map.of(full, "old", first, "old"), BackupCatalog.GRACE))
                .isEmpty();

        place.time().advance(BackupCatalog.GRACE.plusSeconds(1));
        assertThat(cluster.backups().purge())
                .extracting(BackupCatalog.Deletion::label)
                .containsExactly(second, first, full);
        assertThat(cluster.backups().list()).extracting(BackupRecord::label).containsExactly(kept);
        place.assertSound();
    }

    @Test
    void anIncrementalThatIsKeptKeepsWhatItIsBuiltOn() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label full = SmallBackup.take(cluster);
        SmallBackup.take(cluster, SECOND, Optional.of(full));
        assertThat(cluster.backups().expire(Map.of(full, "old"), Duration.ZERO)).containsOnlyKeys(full);
        assertThat(cluster.backups().require(full).expiring()).isFalse();
    }

    @Test
    void hazardARemovalSleepsWhileItIsCalledOffARestoreBeginsAndTheNextAnnouncementDies() {
        new Interleaving(directory, cluster -> {
                    Label oldest = twoFulls(cluster).getFirst();
                    cluster.backups().expire(Map.of(oldest, "old"), Duration.ZERO);
                })
                .run(
                        cluster -> cluster.backups().purge(),
                        cluster -> {
                            Label oldest = oldest(cluster);
                            cluster.backups().callOff(oldest, "kept again");
                            cluster.holds()
                                    .take(
                                            new Holds.HoldRequest("restore", Set.of(oldest), Optional.empty()),
                                            Duration.ofHours(1));
                            // Its writer is killed before it sees the restore: what it decides on is the event's
                            // number.
                            new BackupEventLog(cluster.repository(), TestPlace.CLUSTER)
                                    .append(
                                            oldest,
                                            new BackupEvent.Expiring(
                                                    cluster.repository().trustedNow(), "old", false, true));
                        },
                        Duration.ofMinutes(1),
                        cluster -> {
                            for (Holds.HoldInfo hold : cluster.holds().list()) {
                                assertThat(hold.request().labels())
                                        .allSatisfy(label -> assertThat(cluster.backups()
                                                        .require(label)
                                                        .removing())
                                                .isFalse());
                            }
                        });
    }

    /** Announces the removal anew, for next week, when it was announced and not decided; true when that counts. */
    private static boolean putOff(ClusterCatalog cluster, Label label) {
        boolean announced = cluster.backups()
                .find(label)
                .filter(backup -> backup.expiring() && !backup.removing())
                .isPresent();
        if (announced) {
            cluster.backups().callOff(label, "kept again");
            assertThat(cluster.backups().expire(Map.of(label, "old"), Duration.ofDays(7)))
                    .isEmpty();
        }
        return announced;
    }

    private static void assertStillThere(ClusterCatalog cluster, Label label) {
        BackupRecord backup = cluster.backups().require(label);
        assertThat(backup.removing()).isFalse();
        assertThat(backup.expiry())
                .hasValueSatisfying(expiry -> assertThat(expiry.removeAfter())
                        .isAfter(cluster.repository().trustedNow()));
    }

    private void putOffWhileSuspended(Consumer<ClusterCatalog> before, Consumer<ClusterCatalog> removal) {
        Interleaving interleaving = new Interleaving(directory, cluster -> {
            twoFulls(cluster);
            before.accept(cluster);
        });
        AtomicReference<Optional<Label>> putOff = new AtomicReference<>(Optional.empty());
        AtomicInteger stayed = new AtomicInteger();
        interleaving.run(
                removal,
                cluster -> {
                    Label oldest = oldest(cluster);
                    putOff.set(putOff(cluster, oldest) ? Optional.of(oldest) : Optional.empty());
                },
                Duration.ofMinutes(1),
                cluster -> {
                    putOff.get().ifPresent(label -> {
                        assertStillThere(cluster, label);
                        stayed.incrementAndGet();
                    });
                    putOff.set(Optional.empty());
                });
        assertThat(stayed).hasValueGreaterThan(3);
    }

    @Test
    void hazardARemovalWhoseGraceIsOverSleepsWhileItIsCalledOffAndAnnouncedAnew() {
        putOffWhileSuspended(
                cluster -> cluster.backups().expire(Map.of(oldest(cluster), "old"), BackupCatalog.GRACE), cluster -> {
                    cluster.repository().runtime().monotonic().pause(BackupCatalog.GRACE.plusHours(1));
                    cluster.backups().purge();
                });
    }

    @Test
    void hazardARemovalAtOnceSleepsWhileItIsCalledOffAndAnnouncedAnewForLater() {
        putOffWhileSuspended(_ -> {}, RemovalRaceTest::deleteOldest);
    }

    @Test
    void hazardARemovalSleepsWhileAnotherFinishesItAndTheBackupIsCopiedBackAndAnnouncedAnew() {
        List<ClusterCatalog> source = new ArrayList<>();
        Interleaving interleaving = new Interleaving(directory, cluster -> {
            Label newest = twoFulls(cluster).getLast();
            source.add(copyOf(cluster));
            cluster.backups().expire(Map.of(newest, "not wanted"), Duration.ZERO);
        });
        Label label = newest(source.getFirst());
        AtomicBoolean announced = new AtomicBoolean();
        interleaving
                .removingAtOnce()
                .run(
                        cluster -> {
                            announced.set(false);
                            cluster.backups().purge();
                        },
                        cluster -> {
                            cluster.backups().purge();
                            copy(source.getFirst(), cluster, Optional.of(label));
                            // This gets the number that the first announcement had, the next one is free again.
                            assertThat(cluster.backups().expire(Map.of(label, "not wanted"), Duration.ofDays(7)))
                                    .isEmpty();
                            announced.set(true);
                        },
                        Duration.ofMinutes(1),
                        cluster -> {
                            if (announced.get()) {
                                assertStillThere(cluster, label);
                            }
                        });
        source.getFirst().repository().close();
    }

    /** A second repository with the same backups. */
    private ClusterCatalog copyOf(ClusterCatalog cluster) {
        ClusterCatalog other = new ClusterCatalog(
                new TestPlace(directory.resolve("other"), new ManualTime()).initialise(TestPlace.encrypted(1)),
                TestPlace.CLUSTER);
        copy(cluster, other, Optional.empty());
        return other;
    }

    private static void copy(ClusterCatalog from, ClusterCatalog to, Optional<Label> backup) {
        new RepositoryCopy(from, to).run(new RepositoryCopy.Request(backup, 2, false), TaskMonitor.SILENT);
    }

    private static boolean isListed(ClusterCatalog cluster, Label label) {
        return cluster.backups().find(label).isPresent();
    }

    private static void verifySound(ClusterCatalog cluster, Label label) {
        cluster.backups()
                .recordVerify(
                        label, new BackupEvent.VerifyVerdict(BackupEvent.Verdict.SOUND, 100, 1, 1, Optional.empty()));
    }

    @Test
    void hazardARemovalSleepsWhileAnotherFinishesItAndTheBackupIsCopiedBackAndVerified() {
        List<ClusterCatalog> source = new ArrayList<>();
        Interleaving interleaving = new Interleaving(directory, cluster -> {
            twoFulls(cluster);
            source.add(copyOf(cluster));
        });
        Label label = newest(source.getFirst());
        AtomicBoolean reported = new AtomicBoolean();
        AtomicInteger stayed = new AtomicInteger();
        interleaving
                .removingAtOnce()
                .run(
                        cluster -> {
                            reported.set(false);
                            reported.set(cluster.backups()
                                    .delete(label, Duration.ZERO, false)
                                    .removed());
                        },
                        cluster -> {
                            Interleaving.tolerant(one -> one.backups().delete(label, Duration.ZERO, false), cluster);
                            copy(source.getFirst(), cluster, Optional.of(label));
                            // These get the numbers that the removal's events had.
                            verifySound(cluster, label);
                            verifySound(cluster, label);
                        },
                        Duration.ZERO,
                        cluster -> {
                            assertThat(isListed(cluster, label)).isNotEqualTo(reported.get());
                            stayed.addAndGet(reported.get() ? 0 : 1);
                        });
        assertThat(stayed).hasValueGreaterThan(10);
        source.getFirst().repository().close();
    }

    @Test
    void hazardACleanUpOfACopyThatWasGivenUpSleepsWhileAnotherFinishesItAndTheBackupIsCopied() {
        List<ClusterCatalog> source = new ArrayList<>();
        Interleaving interleaving = new Interleaving(directory, cluster -> {
            Label label = twoFulls(cluster).getLast();
            source.add(copyOf(cluster));
            cluster.backups().delete(label, Duration.ZERO, false);
            cluster.backups()
                    .beginCopy(
                            label,
                            new BackupCatalog.BackupStart(
                                    BackupType.FULL, cluster.newestIncarnation(), Optional.empty(), Duration.ZERO))
                    .close();
            cluster.repository().runtime().monotonic().pause(Duration.ofDays(3));
            cluster.backups().purge();
        });
        Label label = newest(source.getFirst());
        AtomicBoolean copied = new AtomicBoolean();
        interleaving
                .removingAtOnce()
                .run(
                        cluster -> {
                            copied.set(false);
                            cluster.repository().runtime().monotonic().pause(Duration.ofDays(9));
                            cluster.backups().purge();
                        },
                        cluster -> {
                            cluster.backups().purge();
                            copy(source.getFirst(), cluster, Optional.of(label));
                            copied.set(isListed(cluster, label));
                        },
                        Duration.ZERO,
                        cluster -> assertThat(isListed(cluster, label)).isEqualTo(copied.get()));
        source.getFirst().repository().close();
    }

    private static BackupWriter beginCopy(ClusterCatalog cluster, Label label) {
        return cluster.backups()
                .beginCopy(
                        label,
                        new BackupCatalog.BackupStart(
                                BackupType.FULL, cluster.newestIncarnation(), Optional.empty(), Duration.ZERO));
    }

    /** As a process that slept since the label was another backup's. */
    private static void writeLate(ClusterCatalog cluster, Label label, BackupEvent event) {
        new BackupEventLog(cluster.repository(), TestPlace.CLUSTER).append(label, event);
    }

    private static BackupEvent announcement(ClusterCatalog cluster) {
        return new BackupEvent.Expiring(cluster.repository().trustedNow(), "old");
    }

    private static BackupEvent verdict() {
        return new BackupEvent.Verified(
                new BackupEvent.VerifyVerdict(BackupEvent.Verdict.SOUND, 100, 1, 1, Optional.empty()));
    }

    @Test
    void hazardACopyAboutWhichSomebodyWroteLateRuns() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label label = twoFulls(cluster).getLast();
        ClusterCatalog source = copyOf(cluster);
        cluster.backups().delete(label, Duration.ZERO, false);
        try (BackupWriter writer = beginCopy(cluster, label)) {
            for (BackupEvent late : List.of(verdict(), announcement(cluster))) {
                writeLate(cluster, label, late);
                assertThat(cluster.backups().listing().damaged()).isEmpty();
                assertThat(cluster.backups().running())
                        .extracting(RunningBackup::label)
                        .containsExactly(label);
                assertThat(cluster.backups().purge()).isEmpty();
                assertThatThrownBy(() -> cluster.backups().delete(label, Duration.ZERO, false))
                        .isInstanceOfSatisfying(
                                PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_FITTING_BACKUP));
            }
            writer.proveAlive();
        }
        copy(source, cluster, Optional.of(label));
        assertThat(isListed(cluster, label)).isTrue();
        place.assertSound();
        source.repository().close();
    }

    @Test
    void hazardAnAnnouncementThatWasWrittenLateByOneWhoDiedRemovesNoCopy() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label label = twoFulls(cluster).getLast();
        ClusterCatalog source = copyOf(cluster);
        cluster.backups().delete(label, Duration.ZERO, false);
        beginCopy(cluster, label).close();
        writeLate(cluster, label, verdict());
        writeLate(cluster, label, new BackupEvent.Expiring(cluster.repository().trustedNow(), "old", true, false));

        copy(source, cluster, Optional.of(label));

        assertThat(cluster.backups().require(label).good()).isTrue();
        place.time().advance(Duration.ofDays(9));
        assertThat(cluster.backups().purge()).isEmpty();
        assertThat(cluster.backups().require(label).good()).isTrue();
        // What is announced behind the commit is meant.
        cluster.backups().delete(label, Duration.ofDays(7), false);
        assertThat(cluster.backups().require(label).expiring()).isTrue();
        place.assertSound();
        source.repository().close();
    }

    @Test
    void hazardACopyThatSleptCallsOffNothingThatWasAnnouncedBehindTheCommitOfAnother() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label label = twoFulls(cluster).getLast();
        ClusterCatalog source = copyOf(cluster);
        cluster.backups().delete(label, Duration.ZERO, false);
        beginCopy(cluster, label).close();
        writeLate(cluster, label, announcement(cluster));
        FaultyStore store = place.store();
        try (Repository sleeper = place.open(store, "sleeper")) {
            // It is about to call the late announcement off, when another copy does so, and comes to its end.
            store.suspendAtStoring(key -> key.contains("/events/"), () -> {
                copy(source, cluster, Optional.of(label));
                assertThat(cluster.backups().require(label).good()).isTrue();
                assertThat(cluster.backups().expire(Map.of(label, "not wanted"), Duration.ofDays(7)))
                        .isEmpty();
            });
            Interleaving.tolerant(
                    one -> copy(source, one, Optional.of(label)), new ClusterCatalog(sleeper, TestPlace.CLUSTER));
            assertThat(store.wasSuspended()).isTrue();
        }
        assertStillThere(cluster, label);
        place.assertSound();
        source.repository().close();
    }

    @Test
    void aCopyThatDiedAndAboutWhichSomebodyWroteLateIsCleanedUpAndItsNameBecomesFree() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label label = twoFulls(cluster).getLast();
        ClusterCatalog source = copyOf(cluster);
        cluster.backups().delete(label, Duration.ZERO, false);
        beginCopy(cluster, label).close();
        writeLate(cluster, label, announcement(cluster));
        for (int round = 0; round < 3; round++) {
            place.time().advance(Duration.ofDays(3));
            cluster.backups().purge();
            place.assertSound();
        }
        assertThat(cluster.repository().documents().keys("clusters/main/backups/" + label + "/"))
                .isEmpty();
        copy(source, cluster, Optional.of(label));
        assertThat(cluster.backups().require(label).good()).isTrue();
        source.repository().close();
    }

    @Test
    void hazardARemovalOfWhatTheLabelWasAnnouncesItselfWhileTheBackupIsCopiedBack() {
        List<ClusterCatalog> source = new ArrayList<>();
        Interleaving interleaving = new Interleaving(directory, cluster -> {
            Label newest = twoFulls(cluster).getLast();
            source.add(copyOf(cluster));
            cluster.backups().delete(newest, Duration.ZERO, false);
        });
        Label label = newest(source.getFirst());
        AtomicBoolean underWay = new AtomicBoolean();
        AtomicInteger copied = new AtomicInteger();
        interleaving.run(
                cluster -> copy(source.getFirst(), cluster, Optional.of(label)),
                cluster -> {
                    underWay.set(!cluster.backups().running().isEmpty());
                    writeLate(cluster, label, announcement(cluster));
                    cluster.backups().purge();
                },
                Duration.ZERO,
                cluster -> {
                    if (underWay.getAndSet(false)) {
                        assertThat(isListed(cluster, label)).isTrue();
                        copied.incrementAndGet();
                    }
                    cluster.repository().runtime().monotonic().pause(Duration.ofDays(9));
                    cluster.backups().purge();
                });
        assertThat(copied).hasValueGreaterThan(10);
        source.getFirst().repository().close();
    }

    @Test
    void hazardACopyIsBegunAgainWhileACleanUpIsAtWorkThatFoundItDead() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label label = twoFulls(cluster).getLast();
        Label other = SmallBackup.take(cluster, THIRD);
        ClusterCatalog source = copyOf(cluster);
        cluster.backups().delete(label, Duration.ZERO, false);
        beginCopy(cluster, label).close();
        place.time().advance(Duration.ofDays(3));
        cluster.backups().expire(Map.of(other, "not wanted"), Duration.ZERO);
        List<BackupWriter> again = new ArrayList<>();
        FaultyStore store = place.store();
        try (Repository cleaner = place.open(store, "cleaner")) {
            store.suspendAtStoring(key -> key.contains("/events/"), () -> again.add(beginCopy(cluster, label)));
            assertThat(new ClusterCatalog(cleaner, TestPlace.CLUSTER).backups().purge())
                    .extracting(BackupCatalog.Deletion::label)
                    .containsExactly(other);
        }
        try (BackupWriter writer = again.getFirst()) {
            writer.proveAlive();
            assertThat(cluster.backups().running())
                    .extracting(RunningBackup::label)
                    .containsExactly(label);
        }
        copy(source, cluster, Optional.of(label));
        assertThat(isListed(cluster, label)).isTrue();
        place.assertSound();
        source.repository().close();
    }

    @Test
    void hazardAPinBetweenAPlanAndItsAnnouncementKeepsTheBackup() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label oldest = twoFulls(cluster).getFirst();
        // Who announces it planned before it was pinned, and it was pinned before it was announced.
        cluster.backups().pin(oldest, "audit");
        assertThat(cluster.backups().expire(Map.of(oldest, "old"), Duration.ZERO))
                .containsEntry(oldest, "a pin");
        assertThat(cluster.backups().require(oldest).expiring()).isFalse();
    }

    @Test
    void hazardAPinThatDiedBeforeItCalledTheRemovalOffKeepsTheBackup() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label oldest = twoFulls(cluster).getFirst();
        cluster.backups().expire(Map.of(oldest, "old"), BackupCatalog.GRACE);
        FaultyStore store = place.store();
        try (Repository dying = place.open(store, "dying")) {
            for (int call = 1; !cluster.backups().require(oldest).pinned(); call++) {
                store.dieAtCall(call, true);
                Interleaving.tolerant(
                        catalog -> catalog.backups().pin(oldest, "audit"),
                        new ClusterCatalog(dying, TestPlace.CLUSTER));
            }
        }
        assertThat(cluster.backups().require(oldest).expiring()).isTrue();
        place.time().advance(BackupCatalog.GRACE.plusDays(1));
        assertThat(cluster.backups().purge()).isEmpty();
        assertThat(cluster.backups().require(oldest).pinned()).isTrue();
        place.assertSound();
    }

    @Test
    void theGracePeriodIsNotOverBeforeItIsByTheServersClockToo() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        List<Label> fulls = twoFulls(cluster);
        place.time().advance(Duration.ofMinutes(1));
        cluster.backups().delete(fulls.getFirst(), BackupCatalog.GRACE, false);
        place.time().advance(Duration.ofHours(1));
        SmallBackup.take(cluster, THIRD);
        // The clock of this host and its disk jumps; the server has archived nothing that is so late.
        place.time().advance(Duration.ofDays(365));
        assertThat(cluster.backups().purge()).isEmpty();
        SmallBackup.take(cluster, Lsn.parse("0/100C00"));
        assertThat(cluster.backups().purge()).hasSize(1);
    }
}
