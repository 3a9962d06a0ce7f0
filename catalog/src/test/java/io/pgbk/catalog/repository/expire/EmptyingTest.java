package io.pgbk.catalog.repository.expire;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.compaction.Compaction;
import io.pgbk.catalog.repository.compaction.CompactionPlan;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.synthesis.SmallChain;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Expiries of which a compaction is a part. */
class EmptyingTest {
    private static final int PAGES = 64;
    private static final Duration GRACE = Duration.ofDays(7);
    private static final int STEP = Boolean.getBoolean("pgbk.long") ? 1 : 9;

    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();
    private final byte[] content = new byte[PAGES * SmallChain.PAGE];

    private TestPlace place;
    private ClusterCatalog cluster;
    private SmallChain chain;
    private Label full;
    private Label first;
    private Label second;
    private Label newFull;
    private byte[] ofSecond;

    /**
     * A full of which little is left in use, two incrementals on it, of which the second is wanted, and a new full for
     * which the policy has a place.
     */
    @BeforeEach
    void begin() {
        begin("first");
    }

    private void begin(String name) {
        place = new TestPlace(directory.resolve(name), time);
        cluster = place.cluster();
        chain = new SmallChain(cluster).withoutPageErrors();
        new Random(4711).nextBytes(content);
        full = take(BackupType.FULL, Optional.empty());
        change(8, PAGES);
        first = take(BackupType.INCREMENTAL, Optional.of(full));
        change(60, 62);
        second = take(BackupType.INCREMENTAL, Optional.of(first));
        ofSecond = content.clone();
        newFull = take(BackupType.FULL, Optional.empty());
        cluster.backups().pin(second, "audit");
    }

    private Label take(BackupType type, Optional<Label> parent) {
        time.advance(Duration.ofHours(1));
        return chain.take(type, parent, content);
    }

    private void change(int from, int to) {
        for (int page = from; page < to; page++) {
            content[page * SmallChain.PAGE] ^= 1;
        }
    }

    private static RetentionPolicy policy(Duration grace) {
        return new RetentionPolicy(OptionalInt.of(1), Optional.empty(), 0, 0, 0, ZoneOffset.UTC, grace);
    }

    private ExpireReport expire(Duration grace) {
        return new Expiry(cluster, policy(grace), TaskMonitor.SILENT).run();
    }

    private List<Label> listed() {
        return cluster.backups().list().stream().map(BackupRecord::label).toList();
    }

    private static List<Label> kept(ExpireReport report) {
        return report.plan().keep().stream().map(ExpirePlan.Kept::label).toList();
    }

    private static List<Label> emptied(ExpireReport report) {
        return report.compaction().moves().stream()
                .map(CompactionPlan.Move::emptied)
                .toList();
    }

    private int manifestsOf(Label label) {
        List<ObjectInfo> found = new ArrayList<>();
        cluster.repository()
                .store()
                .list(RepositoryLayout.manifestFolder(TestPlace.CLUSTER, label), "")
                .forEachRemaining(found::add);
        return found.size();
    }

    private void assertWhole() {
        assertThat(chain.assemble(second)).isEqualTo(ofSecond);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void theFullOfAWantedIncrementalGoesInTwoPhasesAsItsDryRunSaid() {
        ExpireReport dry = new Expiry(cluster, policy(GRACE), TaskMonitor.SILENT).dryRun();
        assertThat(manifestsOf(second)).isEqualTo(1);
        assertThat(kept(dry)).containsExactly(first, second, newFull);
        assertThat(emptied(dry)).containsExactly(full);
        assertThat(dry.bytesFreed()).isPositive();

        ExpireReport begun = expire(GRACE);

        assertThat(begun.plan()).isEqualTo(dry.plan());
        assertThat(begun.compaction().moves()).isEqualTo(dry.compaction().moves());
        assertThat(begun.compaction().storedBytes())
                .isBetween(dry.compaction().storedBytes(), 2 * dry.compaction().storedBytes() + 10_000);
        assertThat(begun.needed()).isEmpty();
        assertThat(begun.bytesLater()).isPositive();
        assertThat(cluster.backups().require(full).expiring()).isTrue();
        assertThat(cluster.backups().require(second).owners()).containsExactly(first);
        assertWhole();

        time.advance(GRACE.minusDays(1));
        assertThat(expire(GRACE).compaction().oldManifests()).isZero();
        assertThat(listed()).contains(full);
        time.advance(Duration.ofDays(2));
        ExpireReport over = expire(GRACE);
        assertThat(listed()).containsExactly(first, second, newFull);
        assertThat(over.bytesFreed()).isPositive();
        assertThat(over.compaction().oldManifests()).isEqualTo(2);
        assertThat(manifestsOf(second)).isEqualTo(1);
        assertWhole();
        assertThat(expire(GRACE).compaction().moves()).isEmpty();
        assertThat(chain.assemble(take(BackupType.INCREMENTAL, Optional.of(second))))
                .isEqualTo(content);
        assertWhole();
    }

    @Test
    void nothingIsEmptiedWhenItIsOffWhenMuchIsUsedOrWhenTheNewestFullWouldGo() {
        ExpireReport off = new Expiry(cluster, policy(GRACE), 0, TaskMonitor.SILENT).run();
        assertThat(kept(off)).contains(full);
        assertThat(off.compaction()).isEqualTo(ExpireCompaction.none(0, Optional.empty()));
        ExpireReport low = new Expiry(cluster, policy(GRACE), 5, TaskMonitor.SILENT).run();
        assertThat(kept(low)).contains(full);
        assertThat(low.compaction().moves()).isEmpty();

        // The next differential would have to be a full.
        cluster.backups().delete(newFull, Duration.ZERO, false);
        RetentionPolicy window = new RetentionPolicy(
                OptionalInt.empty(), Optional.of(Duration.ofMinutes(61)), 0, 0, 0, ZoneOffset.UTC, GRACE);
        time.advance(Duration.ofDays(1));
        ExpireReport newest = new Expiry(cluster, window, TaskMonitor.SILENT).run();
        assertThat(newest.plan().keep())
                .filteredOn(one -> !one.wanted())
                .extracting(ExpirePlan.Kept::label)
                .contains(full);
        assertThat(newest.compaction().moves()).isEmpty();
        assertThat(manifestsOf(second)).isEqualTo(1);
    }

    @Test
    void nothingIsStoredAnewForBackupsThatGoThemselves() {
        Label third = take(BackupType.INCREMENTAL, Optional.of(second));
        Label last = take(BackupType.FULL, Optional.empty());
        ExpireReport pinned = new Expiry(cluster, policy(GRACE), TaskMonitor.SILENT).dryRun();
        assertThat(pinned.compaction().moves())
                .isNotEmpty()
                .allSatisfy(move -> assertThat(move.users()).contains(second).doesNotContain(third));

        cluster.backups().unpin(second);
        ExpireReport report = expire(GRACE);

        assertThat(report.compaction().moves()).isEmpty();
        assertThat(kept(report)).containsExactly(last);
        assertThat(List.of(full, first, second, third))
                .allSatisfy(label -> assertThat(manifestsOf(label)).isEqualTo(1));
    }

    @Test
    void hazardABackupThatRunsIsNotDisturbedAndTheExpiryGoesOnWithoutACompaction() {
        AtomicInteger renewal = new AtomicInteger();
        FaultyStore store = place.store();
        try (Repository here = place.open(store, "here")) {
            renewBackupLease(renewal, false);
            keepRenewing(store, renewal);
            ExpireReport report = new Expiry(
                            new ClusterCatalog(here, TestPlace.CLUSTER), policy(Duration.ZERO), TaskMonitor.SILENT)
                    .run();
            assertThat(report.compaction().skipped())
                    .hasValueSatisfying(why -> assertThat(why).contains("is held by db2 (backup)"));
            assertThat(kept(report)).containsExactly(full, first, second, newFull);
            assertThat(manifestsOf(second)).isEqualTo(1);
        }
        renewBackupLease(renewal, true);
        expire(Duration.ZERO);
        assertThat(listed()).containsExactly(first, second, newFull);
        assertWhole();
    }

    /** As another host does that takes a backup. */
    private void renewBackupLease(AtomicInteger renewal, boolean released) {
        cluster.repository()
                .documents()
                .create(
                        ObjectKind.LEASE,
                        RepositoryLayout.lease(TestPlace.CLUSTER, BackupCatalog.LEASE, 1000, renewal.getAndIncrement()),
                        JsonDocument.newObject()
                                .put("owner", "db2")
                                .put("purpose", "backup")
                                .put("released", released)
                                .put("time", "2026-11-21T03:15:00Z"));
    }

    private void keepRenewing(FaultyStore store, AtomicInteger renewal) {
        store.runAtCall(5, () -> {
            renewBackupLease(renewal, false);
            keepRenewing(store, renewal);
        });
    }

    @Test
    void hazardARestoreThatReadsTheOldManifestKeepsTheEmptiedBackup() {
        BackupRecord before = cluster.backups().require(second);
        try (Holds.Hold _ = cluster.holds()
                .take(new Holds.HoldRequest("restore", Set.of(second), Optional.empty()), Duration.ofHours(1))) {
            ExpireReport report = expire(Duration.ZERO);
            assertThat(emptied(report)).containsExactly(full);
            assertThat(report.needed().get(full)).contains("restore");
            assertThat(chain.assemble(before)).isEqualTo(ofSecond);
        }
        expire(Duration.ZERO);
        assertThat(listed()).containsExactly(first, second, newFull);
        assertWhole();
    }

    @Test
    void hazardDamageInWhatMovesIsNamedAndNothingOfThatBackupChanges() throws IOException {
        ObjectInfo pack = cluster.repository()
                .store()
                .list(RepositoryLayout.packFolder(TestPlace.CLUSTER, full), "")
                .next();
        Path file = place.directory().resolve(pack.key());
        byte[] sound = Files.readAllBytes(file);
        byte[] damaged = sound.clone();
        damaged[1000] ^= 1;
        Files.write(file, damaged);

        ExpireReport report = expire(Duration.ZERO);

        assertThat(report.compaction().moves()).isEmpty();
        assertThat(report.compaction().failed().get(full)).contains(pack.key());
        assertThat(kept(report)).containsExactly(full, first, second, newFull);
        assertThat(manifestsOf(first)).isEqualTo(1);
        assertThat(cluster.backups().require(second).owners()).containsExactlyInAnyOrder(full, first);
        Files.write(file, sound);
        assertWhole();
    }

    @Test
    void hazardKilledAtAnyCallNothingIsLostAndTheNextRunFinishes() {
        boolean died = true;
        int interruptions = 0;
        for (int call = 1; died; call += STEP) {
            assertThat(call).isLessThan(1000);
            begin("killed-" + call);
            FaultyStore store = place.store();
            try (Repository dying = place.open(store, "dying")) {
                store.dieAtCall(call, call % 2 == 0);
                new Expiry(new ClusterCatalog(dying, TestPlace.CLUSTER), policy(Duration.ZERO), TaskMonitor.SILENT)
                        .run();
            } catch (PgbkException e) {
                assertThat(e.code()).as("call %d: %s", call, e).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
            }
            died = store.died();
            interruptions += died ? 1 : 0;
            assertThat(listed()).contains(first, second, newFull);
            assertWhole();
            time.advance(Duration.ofHours(3));
            expire(Duration.ZERO);
            assertThat(listed()).as("call %d", call).containsExactly(first, second, newFull);
            assertWhole();
        }
        assertThat(interruptions).isGreaterThan(10);
    }

    @Test
    void aBackupIsEmptiedWhenOneUserAloneUsesLittleAndAllTogetherDoAsWell() {
        // All of the new full's pages, in two incrementals: each uses half of it.
        assertThat(Compaction.DEFAULT_PERCENT).isLessThan(50);
        change(0, PAGES / 2);
        Label left = take(BackupType.INCREMENTAL, Optional.of(newFull));
        change(0, PAGES);
        Label right = take(BackupType.INCREMENTAL, Optional.of(newFull));
        Label last = take(BackupType.FULL, Optional.empty());
        cluster.backups().pin(left, "audit");
        cluster.backups().pin(right, "audit");

        List<Label> emptied = emptied(expire(GRACE));

        assertThat(emptied).containsExactly(full);
        assertThat(listed()).contains(newFull, last);
        assertWhole();
    }
}
