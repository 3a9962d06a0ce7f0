package io.pgbk.catalog.repository.backup;

import static io.pgbk.catalog.repository.backup.Removals.THIRD;
import static io.pgbk.catalog.repository.backup.Removals.assertStillThere;
import static io.pgbk.catalog.repository.backup.Removals.twoFulls;
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
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Removals and clean-ups while the backup is copied back under its label, or somebody late writes about it. */
class CopyBackRaceTest {
    @TempDir
    Path directory;

    private static Label newest(ClusterCatalog cluster) {
        return cluster.backups().list().getLast().label();
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
}
