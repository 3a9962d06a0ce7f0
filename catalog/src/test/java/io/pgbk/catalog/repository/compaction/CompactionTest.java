package io.pgbk.catalog.repository.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.RunningBackup;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.synthesis.SmallChain;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compactions of small chains in a repository in a directory. */
class CompactionTest {
    private static final int PAGES = 160;
    private static final int PERCENT = 25;

    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();

    @SuppressWarnings("NullAway.Init")
    private TestPlace place;

    @SuppressWarnings("NullAway.Init")
    private ClusterCatalog cluster;

    @SuppressWarnings("NullAway.Init")
    private SmallChain chain;

    private final byte[] content = new byte[PAGES * SmallChain.PAGE + 10];

    @BeforeEach
    void begin() {
        begin("first");
    }

    private void begin(String name) {
        place = new TestPlace(directory.resolve(name), time);
        cluster = place.cluster();
        chain = new SmallChain(cluster);
        new Random(4711).nextBytes(content);
    }

    /** Changes the pages from the first to before the last. */
    private void change(int first, int last) {
        for (int page = first; page < last; page++) {
            content[page * SmallChain.PAGE] ^= 1;
        }
    }

    private Label full() {
        return chain.take(BackupType.FULL, Optional.empty(), content);
    }

    private Label incremental(Label parent) {
        return chain.take(BackupType.INCREMENTAL, Optional.of(parent), content);
    }

    private static CompactionReport compact(ClusterCatalog cluster, Label... unwanted) {
        return new Compaction(cluster, Duration.ZERO).run(Set.of(unwanted), PERCENT, TaskMonitor.SILENT);
    }

    private BackupRecord record(Label label) {
        return cluster.backups().require(label);
    }

    /** Deletes; returns why not. */
    private Optional<ErrorCode> deletionOf(Label label) {
        try {
            cluster.backups().delete(label, Duration.ZERO, true);
            return Optional.empty();
        } catch (PgbkException e) {
            return Optional.of(e.code());
        }
    }

    @Test
    void aFullOfWhichLittleIsUsedIsEmptiedAndCanGoAndItsUsersStayWhole() {
        Label full = full();
        change(20, PAGES);
        Label user = incremental(full);
        byte[] expected = chain.assemble(user);
        assertThat(deletionOf(full)).hasValue(ErrorCode.REFUSED_BY_POLICY);

        CompactionPlan plan = new Compaction(cluster, Duration.ZERO).plan(Set.of(full), PERCENT, TaskMonitor.SILENT);
        assertThat(plan.moves()).singleElement().satisfies(move -> {
            assertThat(move.emptied()).isEqualTo(full);
            assertThat(move.users()).containsExactly(user);
            assertThat(move.usedBytes()).isBetween(1L, move.storedBytes() / 4);
        });
        CompactionReport report = compact(cluster, full);

        assertThat(report.emptied()).containsExactly(full);
        assertThat(report.rewritten()).containsExactly(user);
        assertThat(report.failed()).isEmpty();
        assertThat(record(user).manifest().generation()).isGreaterThan(1);
        assertThat(record(user).owners()).isEmpty();
        assertThat(chain.assemble(user)).isEqualTo(expected);
        RepositoryChecker.assertSound(cluster.repository());
        assertThat(deletionOf(full)).isEmpty();
        assertThat(chain.assemble(user)).isEqualTo(expected);
        try (ManifestReader manifest = chain.open(record(user))) {
            assertThat(manifest.facts().parents()).isEmpty();
        }
        RepositoryChecker.assertSound(cluster.repository());

        change(0, 3);
        Label next = incremental(user);
        assertThat(chain.assemble(next)).isEqualTo(content);
        assertThat(compact(cluster, full)).isEqualTo(CompactionReport.NOTHING);
    }

    @Test
    void framesThatSeveralUseMoveOnceAndTheYoungerAreBuiltOnTheOldest() {
        Label full = full();
        change(24, PAGES);
        Label first = incremental(full);
        change(24, 40);
        Label second = incremental(first);
        Label third = incremental(full);
        List<byte[]> expected = new ArrayList<>();
        List.of(first, second, third).forEach(label -> expected.add(chain.assemble(label)));

        CompactionReport report = compact(cluster, full);

        assertThat(report.rewritten()).containsExactly(first, second, third);
        assertThat(record(first).owners()).isEmpty();
        assertThat(record(second).owners()).containsExactly(first);
        assertThat(record(third).owners()).containsExactly(first);
        assertThat(report.storedBytes()).isLessThan(50L * SmallChain.PAGE);
        assertThat(deletionOf(first)).hasValue(ErrorCode.REFUSED_BY_POLICY);
        assertThat(deletionOf(full)).isEmpty();
        for (Label label : List.of(first, second, third)) {
            assertThat(chain.assemble(label)).isEqualTo(expected.removeFirst());
        }
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void oneOfWhichMuchIsUsedOrThatSomebodyWantsStaysAndIsNotTouched() {
        Label full = full();
        change(60, PAGES);
        Label user = incremental(full);
        assertThat(compact(cluster, full)).isEqualTo(CompactionReport.NOTHING);
        change(0, 60);
        change(30, 40);
        Label next = incremental(user);
        // Wanted, however little is used of it; and nothing at all for 0 percent.
        assertThat(compact(cluster)).isEqualTo(CompactionReport.NOTHING);
        assertThat(new Compaction(cluster, Duration.ZERO).run(Set.of(full, user), 0, TaskMonitor.SILENT))
                .isEqualTo(CompactionReport.NOTHING);
        assertThat(record(next).manifest().generation()).isEqualTo(1);
    }

    @Test
    void whoBeganBeforeGoesOnWithTheOldManifestAndHoldsWhatItNames() throws IOException {
        Label full = full();
        change(20, PAGES);
        Label user = incremental(full);
        byte[] expected = chain.assemble(user);
        BackupRecord before = record(user);
        try (Holds.Hold _ = cluster.holds()
                .take(new Holds.HoldRequest("restore", Set.of(user), Optional.empty()), Duration.ofHours(1))) {
            compact(cluster, full);
            // The hold names the user only, and what it reads is the old manifest.
            assertThat(deletionOf(full)).hasValue(ErrorCode.HELD_BY_ANOTHER);
            assertThat(chain.assemble(before)).isEqualTo(expected);
        }
        assertThat(new Compaction(cluster, Duration.ZERO)
                        .removeOldManifests(cluster.backups().list(), Duration.ofDays(7)))
                .isZero();
        assertThat(deletionOf(full)).isEmpty();
        time.advance(Duration.ofDays(8));
        assertThat(new Compaction(cluster, Duration.ZERO)
                        .removeOldManifests(cluster.backups().list(), Duration.ofDays(7)))
                .isEqualTo(1);
        assertThat(chain.assemble(user)).isEqualTo(expected);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void aDamagedFrameKeepsOneBackupFromBeingEmptiedAndNothingElse() throws IOException {
        Label full = full();
        change(10, PAGES);
        Label first = incremental(full);
        change(20, PAGES);
        Label second = incremental(first);
        byte[] expected = chain.assemble(second);
        ObjectInfo pack = cluster.repository()
                .store()
                .list(RepositoryLayout.packFolder(TestPlace.CLUSTER, full), "")
                .next();
        Path file = place.directory().resolve(pack.key());
        byte[] sound = Files.readAllBytes(file);
        byte[] damaged = sound.clone();
        damaged[1000] ^= 1;
        Files.write(file, damaged);

        CompactionReport report = compact(cluster, full, first);

        assertThat(report.failed()).containsOnlyKeys(full);
        assertThat(report.emptied()).containsExactly(first);
        assertThat(record(second).owners()).containsExactly(full);
        Files.write(file, sound);
        assertThat(chain.assemble(second)).isEqualTo(expected);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void killedAtAnyCallEveryBackupStaysWholeAndTheNextOneFinishes() {
        boolean died = true;
        for (int call = 1; died; call += 9) {
            assertThat(call).isLessThan(400);
            begin("killed-" + call);
            Label full = full();
            change(20, PAGES);
            Label first = incremental(full);
            change(150, PAGES);
            Label second = incremental(first);
            FaultyStore store = place.store();
            Repository dying = place.open(store, "dying");
            store.dieAtCall(call, call % 2 == 0);
            try {
                compact(new ClusterCatalog(dying, TestPlace.CLUSTER), full);
            } catch (PgbkException e) {
                assertThat(e.code()).as("call %d: %s", call, e).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
            }
            died = store.died();
            assertThat(chain.assemble(second)).isEqualTo(content);
            time.advance(Duration.ofHours(3));
            compact(cluster, full);
            assertThat(record(second).owners()).as("call %d", call).containsExactly(first);
            assertThat(deletionOf(full)).isEmpty();
            assertThat(chain.assemble(second)).isEqualTo(content);
            RepositoryChecker.assertSound(cluster.repository());
        }
    }

    @Test
    void hazardSuspendedPastItsHoldWhileTheOwnerOfNewPacksIsRemovedAndEveryListedBackupStaysWhole() {
        boolean suspended = true;
        int removed = 0;
        for (int call = 1; suspended; call += 4) {
            assertThat(call).isLessThan(400);
            begin("suspended-" + call);
            Label full = full();
            change(20, PAGES);
            Label first = incremental(full);
            byte[] ofFirst = content.clone();
            change(100, 120);
            Label second = incremental(full);
            FaultyStore store = place.store();
            try (Repository sleeping = place.open(store, "sleeping")) {
                store.suspendAtCall(call, () -> {
                    time.advance(Duration.ofHours(3));
                    // Nobody takes a backup meanwhile, so the lease stays where it is.
                    deletionOf(first);
                });
                compact(new ClusterCatalog(sleeping, TestPlace.CLUSTER), full);
            } catch (PgbkException e) {
                assertThat(e.code())
                        .as("call %d: %s", call, e)
                        .isIn(
                                ErrorCode.NO_FITTING_BACKUP,
                                ErrorCode.OBJECT_MISSING,
                                ErrorCode.REPOSITORY_UNREACHABLE,
                                ErrorCode.HELD_BY_ANOTHER);
            }
            suspended = store.wasSuspended();
            boolean gone = cluster.backups().find(first).isEmpty();
            removed += gone ? 1 : 0;
            assertThat(chain.assemble(second)).as("call %d", call).isEqualTo(content);
            if (!gone) {
                assertThat(chain.assemble(first)).as("call %d", call).isEqualTo(ofFirst);
            }
            RepositoryChecker.assertSound(cluster.repository());
        }
        assertThat(removed).isPositive();
    }

    @Test
    void aCopyOfWhatWasBuiltOnCompactedPacksKeepsWhatIsThereAlready() {
        Label full = full();
        change(20, PAGES);
        Label user = incremental(full);
        ClusterCatalog to = new ClusterCatalog(
                new TestPlace(directory.resolve("to"), time).initialise(TestPlace.encrypted(2)), TestPlace.CLUSTER);
        copy(to);
        compact(cluster, full);
        change(150, PAGES);
        Label second = incremental(user);
        copy(to);
        change(140, PAGES);
        Label third = incremental(second);
        copy(to);
        assertThat(to.backups().list()).extracting(BackupRecord::label).contains(full, user, second, third);
        // It reads every pack: one that had been written again would not be the one that a manifest names.
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void anInterruptedCopyGoesOnWithPacksThatACompactionStoredUnderAnotherLabel() {
        Label full = full();
        change(20, PAGES);
        Label user = incremental(full);
        TestPlace place = new TestPlace(directory.resolve("to"), time);
        place.initialise(TestPlace.encrypted(1)).close();
        try (Repository repository = place.open("first")) {
            copy(new ClusterCatalog(repository, TestPlace.CLUSTER));
        }
        compact(cluster, full);
        change(150, PAGES);
        Label second = incremental(user);
        FaultyStore store = place.store();
        store.dieAtStoring(key -> isManifest(key, second));
        try (Repository dying = place.open(store, "dying")) {
            assertThatThrownBy(() -> copy(new ClusterCatalog(dying, TestPlace.CLUSTER)))
                    .isInstanceOfSatisfying(
                            PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE));
        }
        time.advance(Duration.ofMinutes(5));
        try (Repository repository = place.open("next")) {
            ClusterCatalog to = new ClusterCatalog(repository, TestPlace.CLUSTER);
            copy(to);
            assertThat(to.backups().list()).extracting(BackupRecord::label).contains(full, user, second);
            RepositoryChecker.assertSound(repository);
        }
    }

    @Test
    void hazardACopyThatWasBegunBeforeACompactionSleepsWhileWhatItNeedsNowIsDeleted() {
        Label full = full();
        change(20, PAGES);
        Label first = incremental(full);
        TestPlace place = new TestPlace(directory.resolve("to"), time);
        place.initialise(TestPlace.encrypted(1)).close();
        try (Repository other = place.open("other")) {
            ClusterCatalog there = new ClusterCatalog(other, TestPlace.CLUSTER);
            copy(there);
            change(15, 20);
            Label second = incremental(full);
            FaultyStore store = place.store();
            store.dieAtStoring(key -> isManifest(key, second));
            try (Repository dying = place.open(store, "dying")) {
                assertThatThrownBy(() -> copy(new ClusterCatalog(dying, TestPlace.CLUSTER)))
                        .isInstanceOf(PgbkException.class);
            }
            assertThat(there.backups().listing().running())
                    .extracting(RunningBackup::needs)
                    .containsExactly(Set.of(full));
            compact(cluster, full);
            assertThat(record(second).owners()).containsExactly(first);
            time.advance(Duration.ofMinutes(5));

            FaultyStore sleeping = place.store();
            sleeping.suspendAtStoring(RepositoryLayout.backup(TestPlace.CLUSTER, second)::equals, () -> {
                // Its hold has run out; nobody has given it up.
                time.advance(Duration.ofHours(3));
                assertThatThrownBy(() -> there.backups().delete(first, Duration.ZERO, true))
                        .isInstanceOf(PgbkException.class)
                        .hasMessageContaining(second.value());
            });
            try (Repository sleeper = place.open(sleeping, "sleeper")) {
                copy(new ClusterCatalog(sleeper, TestPlace.CLUSTER));
            }
            assertThat(sleeping.wasSuspended()).isTrue();
            assertThat(there.backups().list()).extracting(BackupRecord::label).containsExactly(full, first, second);
            RepositoryChecker.assertSound(other);
        }
    }

    private static boolean isManifest(String key, Label label) {
        return key.startsWith(RepositoryLayout.manifestFolder(TestPlace.CLUSTER, label));
    }

    private void copy(ClusterCatalog to) {
        assertThat(new RepositoryCopy(cluster, to)
                        .run(new RepositoryCopy.Request(Optional.empty(), 1, false), TaskMonitor.SILENT)
                        .failures())
                .isEmpty();
    }

    @Test
    void hazardACompactionThatLostItsLeaseMakesNothingValidAndRemovesWhatItWrote() {
        Label full = full();
        change(20, PAGES);
        Label user = incremental(full);
        TaskMonitor robbed = new TaskMonitor() {
            @Override
            public void phase(String name, long totalBytes) {
                if (name.equals("manifests")) {
                    cluster.repository()
                            .documents()
                            .create(
                                    ObjectKind.LEASE,
                                    RepositoryLayout.lease(TestPlace.CLUSTER, "backup", 1000, 0),
                                    JsonDocument.newObject()
                                            .put("owner", "another")
                                            .put("purpose", "backup")
                                            .put("released", false)
                                            .put("time", "2026-11-21T03:15:00Z"));
                }
            }
        };
        assertThatThrownBy(() -> new Compaction(cluster, Duration.ZERO).run(Set.of(full), PERCENT, robbed))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD_BY_ANOTHER));
        assertThat(record(user).manifest().generation()).isEqualTo(1);
        assertThat(record(user).owners()).containsExactly(full);
        List<String> packs = new ArrayList<>();
        cluster.repository()
                .store()
                .list(RepositoryLayout.packFolder(TestPlace.CLUSTER, user), "")
                .forEachRemaining(pack -> packs.add(pack.key()));
        assertThat(packs)
                .hasSameSizeAs(record(user).packs().stream()
                        .filter(pack -> pack.label().equals(user))
                        .toList());
        RepositoryChecker.assertSound(cluster.repository());
    }
}
