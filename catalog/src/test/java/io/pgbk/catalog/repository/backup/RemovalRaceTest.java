package io.pgbk.catalog.repository.backup;

import static io.pgbk.catalog.repository.backup.Removals.SECOND;
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
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Removals against whatever else happens: whatever is listed stays whole. */
class RemovalRaceTest {
    @TempDir
    Path directory;

    private void suspendAtEveryCall(
            Consumer<ClusterCatalog> suspended, Consumer<ClusterCatalog> meanwhile, Duration sleep) {
        new Interleaving(directory, Removals::twoFulls).run(suspended, meanwhile, sleep, cluster -> {
            cluster.repository().runtime().monotonic().pause(Duration.ofDays(9));
            cluster.backups().purge();
            assertThat(cluster.backups().list().stream().filter(BackupRecord::good))
                    .isNotEmpty();
        });
    }

    private static Label oldest(ClusterCatalog cluster) {
        return cluster.backups().list().getFirst().label();
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
