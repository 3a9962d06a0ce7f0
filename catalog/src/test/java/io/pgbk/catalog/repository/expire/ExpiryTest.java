package io.pgbk.catalog.repository.expire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Interleaving;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpiryTest {
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    Path directory;

    private TestPlace place;
    private ClusterCatalog cluster;
    private final List<Label> labels = new ArrayList<>();

    @BeforeEach
    void prepare() {
        place = new TestPlace(directory.resolve("first"), new ManualTime());
        cluster = place.cluster();
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment(SmallBackup.SEGMENT));
    }

    private static RetentionPolicy full(int count, Duration grace) {
        return new RetentionPolicy(OptionalInt.of(count), Optional.empty(), 0, 0, 0, ZoneOffset.UTC, grace);
    }

    private Label take(Optional<Label> parent) {
        place.time().advance(DAY);
        Label label = SmallBackup.take(cluster, new Lsn(0x100028 + 0x400L * labels.size()), parent);
        labels.add(label);
        return label;
    }

    private Label take() {
        return take(Optional.empty());
    }

    private ExpireReport expire(RetentionPolicy policy) {
        return new Expiry(cluster, policy, TaskMonitor.SILENT).run();
    }

    private List<Label> listed() {
        return cluster.backups().list().stream().map(BackupRecord::label).toList();
    }

    private List<Label> usable() {
        return cluster.backups().list().stream()
                .filter(backup -> !backup.expiring())
                .map(BackupRecord::label)
                .toList();
    }

    private static List<Label> kept(ExpireReport report) {
        return report.plan().keep().stream().map(ExpirePlan.Kept::label).toList();
    }

    private static List<Label> removed(ExpireReport report) {
        return report.plan().remove().stream().map(ExpirePlan.Removed::label).toList();
    }

    private Map<String, Integer> files() {
        Map<String, Integer> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(place.directory())) {
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                files.put(place.directory().relativize(file).toString(), (int) Files.size(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    @Test
    void whatThePolicyDoesNotKeepGoesInTwoPhases() {
        Label first = take();
        Label second = take();
        Label third = take();

        ExpireReport begun = expire(full(2, Duration.ofDays(7)));
        assertThat(removed(begun)).containsExactly(first);
        assertThat(kept(begun)).containsExactly(second, third);
        assertThat(begun.bytesFreed()).isZero();
        assertThat(begun.bytesLater()).isPositive();
        assertThat(listed()).contains(first);
        assertThat(usable()).containsExactly(second, third);
        assertThatThrownBy(() -> cluster.backups().requireUsable(first)).hasMessageContaining("is being removed");

        place.time().advance(Duration.ofDays(6));
        expire(full(2, Duration.ZERO));
        assertThat(listed()).contains(first);

        place.time().advance(Duration.ofDays(2));
        ExpireReport over = expire(full(2, Duration.ofDays(7)));
        assertThat(over.bytesFreed()).isPositive();
        assertThat(listed()).containsExactly(second, third);
        assertThat(files().keySet()).noneMatch(file -> file.contains(first.value()));
        place.assertSound();
    }

    @Test
    void anAnnouncedRemovalIsCalledOffWhenThePolicyKeepsTheBackupAgain() {
        Label first = take();
        Label built = take(Optional.of(first));
        Label second = take();
        Label third = take();
        expire(full(1, DAY));
        assertThat(usable()).containsExactly(third);

        Map<String, Integer> before = files();
        ExpireReport would = new Expiry(cluster, full(2, DAY), TaskMonitor.SILENT).dryRun();
        assertThat(would.calledOff()).containsExactly(second);
        assertThat(files()).isEqualTo(before);
        assertThat(expire(full(2, DAY)).calledOff()).containsExactly(second);
        assertThat(usable()).containsExactly(second, third);
        assertThat(expire(full(2, DAY)).calledOff()).isEmpty();
        // A chain comes back as a whole, what others are built on first, and its grace period begins anew.
        assertThat(expire(full(3, DAY)).calledOff()).containsExactly(first, built);
        place.time().advance(DAY.multipliedBy(2));
        take();
        assertThat(removed(expire(full(3, DAY)))).containsExactly(first, built);
        assertThat(listed()).hasSize(5);
        // What was decided is not called off.
        place.time().advance(DAY.multipliedBy(2));
        take();
        assertThat(expire(full(3, DAY)).calledOff()).isEmpty();
        assertThat(listed()).doesNotContain(first, built);
        place.assertSound();
    }

    @Test
    void aPinCallsOffWhatThePolicyAnnouncedAndNotWhatAPersonDeletes() {
        Label first = take();
        Label built = take(Optional.of(first));
        Label second = take();
        Label third = take();
        expire(full(1, DAY));

        cluster.backups().pin(built, "the auditors come");
        assertThat(usable()).containsExactly(first, built, third);
        assertThat(kept(expire(full(1, DAY)))).containsExactly(first, built, third);
        place.time().advance(DAY.multipliedBy(2));
        take();
        expire(full(2, DAY));
        assertThat(listed()).doesNotContain(second).contains(first, built);
        // The pin and the deletion of what it is built on exclude each other.
        cluster.backups().unpin(built);
        cluster.backups().delete(built, DAY, false);
        assertThatThrownBy(() -> cluster.backups().pin(built, "")).hasMessageContaining("is being removed");
        assertThat(expire(full(9, DAY)).calledOff()).isEmpty();
        assertThat(usable()).doesNotContain(built);
        place.assertSound();
    }

    @Test
    void hazardARemovalIsCalledOffWhileAnotherProcessCarriesItOutAndNothingHalfIsKept() {
        new Interleaving(directory.resolve("races"), prepared -> {
                    prepared.wal(prepared.newestIncarnation()).put(TestPlace.segment(SmallBackup.SEGMENT));
                    Label full = SmallBackup.take(prepared, Lsn.parse("0/100028"));
                    Label built = SmallBackup.take(prepared, Lsn.parse("0/100400"), Optional.of(full));
                    SmallBackup.take(prepared, Lsn.parse("0/100800"));
                    prepared.backups().expire(Map.of(full, "old", built, "old"), Duration.ZERO);
                })
                .run(
                        one -> one.backups().purge(),
                        other -> new Expiry(other, full(2, Duration.ZERO), TaskMonitor.SILENT).run(),
                        Duration.ofMinutes(2),
                        after -> {
                            after.backups().purge();
                            assertThat(after.backups().list()).hasSizeBetween(1, 3);
                            assertThat(after.backups().list()).noneMatch(BackupRecord::expiring);
                        });
    }

    @Test
    void aDryRunSaysWhatExpireDoesAndWritesNothing() {
        Label old = take();
        take(Optional.of(old));
        take();
        RetentionPolicy policy = full(1, Duration.ZERO);
        Map<String, Integer> before = files();

        ExpireReport dry = new Expiry(cluster, policy, TaskMonitor.SILENT).dryRun();
        assertThat(files()).isEqualTo(before);
        ExpireReport done = expire(policy);

        assertThat(done.plan()).isEqualTo(dry.plan());
        assertThat(done.walKeptFrom()).isEqualTo(dry.walKeptFrom()).isPresent();
        assertThat(done.removed().stream().map(BackupCatalog.Deletion::label))
                .containsExactlyInAnyOrderElementsOf(removed(dry));
        assertThat(done.bytesFreed()).isGreaterThanOrEqualTo(dry.bytesFreed()).isLessThan(dry.bytesFreed() + 4000);
        assertThat(done.bytesLater()).isZero();
        assertThat(listed()).isEqualTo(kept(dry));
        place.assertSound();
    }

    @Test
    void aChainGoesInOneRunAndOneOfItStaysWithAllThatItNeeds() {
        Label full = take();
        Label diff = take(Optional.of(full));
        Label incr = take(Optional.of(diff));
        Label last = take();
        cluster.backups().pin(diff, "audit");

        expire(full(1, Duration.ZERO));
        assertThat(listed()).containsExactly(full, diff, last).doesNotContain(incr);
        place.assertSound();

        cluster.backups().unpin(diff);
        expire(full(1, Duration.ZERO));
        assertThat(listed()).containsExactly(last);
        place.assertSound();
    }

    @Test
    void hazardABackupThatRunsKeepsItsParentAndWhatThatIsBuiltOn() {
        Label full = take();
        Label diff = take(Optional.of(full));
        Label last = take();
        try (BackupWriter running = cluster.backups()
                .begin(new BackupCatalog.BackupStart(
                        BackupType.INCREMENTAL, cluster.newestIncarnation(), Optional.of(diff), Duration.ZERO))) {
            ExpireReport report = expire(full(1, Duration.ZERO));

            assertThat(removed(report)).containsExactly(full, diff);
            assertThat(report.needed().keySet()).containsExactlyInAnyOrder(full, diff);
            assertThat(report.needed().get(diff)).contains(running.label().value());
            assertThat(usable()).containsExactly(full, diff, last);
        }
        expire(full(1, Duration.ZERO));
        assertThat(listed()).containsExactly(last);
    }

    @Test
    void hazardARestoreThatRunsKeepsItsBackup() {
        Label old = take();
        Label last = take();
        try (Holds.Hold hold = cluster.holds()
                .take(new Holds.HoldRequest("restore", Set.of(old), Optional.empty()), Duration.ofHours(1))) {
            assertThat(expire(full(1, Duration.ZERO)).needed().get(old)).contains("restore");
            assertThat(usable()).containsExactly(old, last);
            assertThat(hold.until()).isNotNull();
        }
        expire(full(1, Duration.ZERO));
        assertThat(listed()).containsExactly(last);
    }

    @Test
    void hazardTheLastGoodBackupStaysWhateverThePolicyCounts() {
        Label good = take();
        Label bad = take();
        cluster.backups()
                .recordVerify(
                        bad,
                        new BackupEvent.VerifyVerdict(
                                BackupEvent.Verdict.DAMAGED, 100, 1, 1, Optional.of("a flipped bit")));

        expire(full(1, Duration.ZERO));
        assertThat(usable()).containsExactly(good, bad);
    }

    @Test
    void hazardBothClocksAreAYearAheadAndNothingExpiresForIt() {
        take();
        take();
        take();
        RetentionPolicy window = new RetentionPolicy(
                OptionalInt.empty(), Optional.of(Duration.ofDays(2)), 0, 0, 0, ZoneOffset.UTC, Duration.ZERO);
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
        place.time().advance(Duration.ofDays(365));

        expire(window);
        assertThat(usable()).isEqualTo(labels);
    }

    @Test
    void aDamagedSummaryStopsExpiry() throws IOException {
        Label first = take();
        take();
        Path summary = place.directory().resolve(RepositoryLayout.backup(TestPlace.CLUSTER, first));
        byte[] content = Files.readAllBytes(summary);
        content[content.length / 2] ^= 1;
        Files.write(summary, content);

        assertThatThrownBy(() -> expire(full(1, Duration.ZERO)))
                .isInstanceOfSatisfying(
                        PgbkException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.REFUSED_BY_POLICY))
                .hasMessageContaining(first.value());
    }

    @Test
    void whatADeadBackupLeftGoesAfterTwoDaysAndNotBefore() {
        Label last = take();
        FaultyStore store = place.store();
        Repository dying = place.open(store, "dying");
        BackupWriter writer = new ClusterCatalog(dying, TestPlace.CLUSTER)
                .backups()
                .begin(new BackupCatalog.BackupStart(
                        BackupType.FULL, cluster.newestIncarnation(), Optional.empty(), Duration.ZERO));
        Label dead = writer.label();
        dying.store().create(writer.packKey(0), new io.pgbk.catalog.store.BytesBody(new byte[] {1, 2, 3}));
        store.dieAtCall(1, false);
        place.time().advance(Duration.ofHours(40));
        expire(full(1, Duration.ZERO));
        assertThat(files().keySet()).anyMatch(file -> file.contains("packs/" + dead));

        place.time().advance(Duration.ofHours(9));
        ExpireReport report = expire(full(1, Duration.ZERO));
        assertThat(report.removed().stream().map(BackupCatalog.Deletion::label)).contains(dead);
        assertThat(files().keySet()).noneMatch(file -> file.contains("packs/" + dead));
        assertThat(listed()).containsExactly(last);
    }

    /** Three backups in a chain, a full, and a backup that began to go a week ago; copied for each run. */
    private Path template() {
        Label full = take();
        Label diff = take(Optional.of(full));
        take(Optional.of(diff));
        take();
        take();
        expire(full(2, Duration.ofDays(1)));
        place.time().advance(DAY.plusHours(1));
        cluster.repository().close();
        return place.directory();
    }

    private TestPlace copyOf(Path from, String name) {
        TestPlace copy = new TestPlace(directory.resolve(name), place.time());
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                Path target = copy.directory().resolve(from.relativize(file).toString());
                if (!Files.isDirectory(file)) {
                    Files.createDirectories(target.getParent());
                    Files.copy(file, target);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return copy;
    }

    private interface Run {
        void run(FaultyStore store, ClusterCatalog cluster, int call);
    }

    /** Until the nth call is not reached any more; every third one, before and behind its effect in turns. */
    private void atEveryThirdCall(Run run) {
        Path template = template();
        int interruptions = 0;
        boolean interrupted = true;
        for (int call = 1; interrupted; call += 3) {
            place = copyOf(template, "call" + call);
            FaultyStore store = place.store();
            try (Repository dying = place.open(store, "interrupted")) {
                run.run(store, new ClusterCatalog(dying, TestPlace.CLUSTER), call);
            }
            interrupted = store.died() || store.wasSuspended();
            interruptions += interrupted ? 1 : 0;
            try (Repository repository = place.open("next")) {
                cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
                place.assertSound();
                assertThat(usable()).containsAll(labels.subList(4, 5));
                place.time().advance(Duration.ofMinutes(5));
                expire(full(1, Duration.ZERO));
                assertThat(listed()).as("after call " + call).containsExactly(labels.getLast());
                place.assertSound();
            }
        }
        assertThat(interruptions).isGreaterThan(10);
    }

    @Test
    void hazardKilledAtEveryThirdCallAndTheNextRunGoesOn() {
        atEveryThirdCall((store, dying, call) -> {
            store.dieAtCall(call, call % 2 == 0);
            try {
                new Expiry(dying, full(1, Duration.ZERO), TaskMonitor.SILENT).run();
            } catch (PgbkException e) {
                assertThat(e.code()).as("%s", e).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
            }
        });
    }

    @Test
    void hazardSuspendedWhileAnotherRunTakesOverAndNothingThatIsKeptGoes() {
        atEveryThirdCall((store, suspended, call) -> {
            store.suspendAtCall(call, () -> {
                try (Repository other = place.open("other")) {
                    // As long as nobody renews, another host waits for the lease's period and takes it.
                    new Expiry(new ClusterCatalog(other, TestPlace.CLUSTER), full(1, Duration.ZERO), TaskMonitor.SILENT)
                            .run();
                }
            });
            try {
                new Expiry(suspended, full(1, Duration.ZERO), TaskMonitor.SILENT).run();
            } catch (PgbkException e) {
                assertThat(e.code())
                        .as("%s", e)
                        .isIn(ErrorCode.HELD_BY_ANOTHER, ErrorCode.OBJECT_MISSING, ErrorCode.NO_FITTING_BACKUP);
            }
        });
    }
}
