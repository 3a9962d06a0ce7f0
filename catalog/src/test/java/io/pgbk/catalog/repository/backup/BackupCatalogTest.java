package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupCatalogTest {
    private static final String SEGMENT = "000000010000000000000001";

    @TempDir
    Path directory;

    private ManualTime time;
    private TestPlace place;
    private ClusterCatalog cluster;

    @BeforeEach
    void prepare() {
        time = new ManualTime();
        place = new TestPlace(directory, time);
        cluster = place.cluster();
    }

    private BackupWriter begin() {
        return cluster.backups()
                .begin(new BackupCatalog.BackupStart(
                        BackupType.FULL, cluster.newestIncarnation(), Optional.empty(), Duration.ZERO));
    }

    private Label commit(BackupWriter writer) {
        byte[] content = {1, 2, 3};
        cluster.repository().store().create(writer.packKey(0), new BytesBody(content));
        cluster.repository().store().create(writer.manifestKey(), new BytesBody(content));
        return writer.commit(
                        facts(new PackUse(writer.label(), 0, 3, 3)),
                        new ManifestWriter.ManifestRef(writer.manifestKey(), 3, Bytes.of(new byte[32]), 1, 1))
                .label();
    }

    private BackupFacts facts(PackUse... packs) {
        return new BackupFacts(
                Optional.empty(),
                Optional.empty(),
                1,
                1,
                Lsn.parse("0/100028"),
                Lsn.parse("0/100200"),
                time.instant(),
                time.instant(),
                1,
                2,
                3,
                4,
                0,
                false,
                "db1",
                "0.1.0",
                Map.of("reason", "test"),
                List.of(packs));
    }

    private Label backup() {
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment(SEGMENT));
        try (BackupWriter writer = begin()) {
            return commit(writer);
        }
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        PgbkException.class,
                        e -> assertThat(e.code()).as(e.toString()).isEqualTo(code));
    }

    @Test
    void aCommittedBackupIsListedWithItsFactsAndChainedToTheOneBefore() {
        Label first = backup();
        Label second = backup();

        List<BackupRecord> backups = cluster.backups().list();
        assertThat(backups).extracting(BackupRecord::label).containsExactly(first, second);
        assertThat(backups.get(1).summary().previous().orElseThrow().sha256())
                .isEqualTo(backups.get(0).summarySha256());
        assertThat(backups.get(0).annotations()).containsEntry("reason", "test");
        assertThat(BackupCatalog.uniqueBytes(backups)).containsEntry(first, 3L);
    }

    @Test
    void withoutItsWalABackupIsNotListed() {
        try (BackupWriter writer = begin()) {
            assertFails(ErrorCode.WAL_GAP, () -> commit(writer));
        }
        assertThat(cluster.backups().list()).isEmpty();
        assertThat(cluster.backups().running()).isEmpty();
    }

    @Test
    void aPackThatVanishedBeforeTheCommitKeepsTheBackupFromBeingListed() {
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment(SEGMENT));
        try (BackupWriter writer = begin()) {
            cluster.repository().store().create(writer.manifestKey(), new BytesBody(new byte[3]));
            assertFails(
                    ErrorCode.OBJECT_MISSING,
                    () -> writer.commit(
                            facts(new PackUse(writer.label(), 7, 3, 3)),
                            new ManifestWriter.ManifestRef(writer.manifestKey(), 3, Bytes.of(new byte[32]), 1, 1)));
        }
        assertThat(cluster.backups().list()).isEmpty();
    }

    @Test
    void aPinnedBackupAndTheLastGoodOneAreNotDeleted() {
        Label only = backup();
        assertFails(ErrorCode.REFUSED_BY_POLICY, () -> cluster.backups().delete(only, Duration.ZERO, false));
        Label other = backup();
        cluster.backups().pin(other, "audit");
        assertFails(ErrorCode.REFUSED_BY_POLICY, () -> cluster.backups().delete(other, Duration.ZERO, true));
        cluster.backups().unpin(other);

        assertThat(cluster.backups().delete(other, Duration.ZERO, false).removed())
                .isTrue();
        assertThat(cluster.backups().list()).extracting(BackupRecord::label).containsExactly(only);
    }

    @Test
    void aHoldStopsTheRemovalAndARemovalStopsTheHold() {
        Label held = backup();
        Label other = backup();
        Holds.HoldRequest request = new Holds.HoldRequest("restore", Set.of(held), Optional.empty());
        try (Holds.Hold hold = cluster.holds().take(request, Duration.ofHours(1))) {
            hold.renew();
            assertFails(ErrorCode.HELD_BY_ANOTHER, () -> cluster.backups().delete(held, Duration.ZERO, true));
        }
        assertThat(cluster.backups().require(held).expiring()).isFalse();

        cluster.backups().delete(held, BackupCatalog.GRACE, false);
        assertFails(ErrorCode.NO_FITTING_BACKUP, () -> cluster.holds().take(request, Duration.ofHours(1)));
        assertThat(cluster.backups().purge()).isEmpty();
        time.advance(BackupCatalog.GRACE.plusSeconds(1));
        assertThat(cluster.backups().purge()).hasSize(1);
        assertThat(cluster.backups().list()).extracting(BackupRecord::label).containsExactly(other);
        assertThat(cluster.holds().list()).isEmpty();
    }

    /** What could not be written protects nothing: the hold has run out when the store answers again. */
    @Test
    void hazardAHoldThatRanOutDuringAnOutageIsLostToTheRemovalThatBeganMeanwhile() {
        Label held = backup();
        backup();
        Holds.HoldRequest request = new Holds.HoldRequest("restore", Set.of(held), Optional.empty());
        FaultyStore store = place.store();
        ClusterCatalog cutOff = new ClusterCatalog(place.open(store, "cut off"), TestPlace.CLUSTER);
        try (Holds.Hold hold = cutOff.holds().take(request, Duration.ofHours(1))) {
            store.dieAtCall(1, false);
            for (int attempt = 0; attempt < 7; attempt++) {
                time.advance(Duration.ofMinutes(10));
                assertFails(ErrorCode.REPOSITORY_UNREACHABLE, hold::renew);
            }
            cluster.backups().delete(held, BackupCatalog.GRACE, false);
            store.revive();
            assertFails(ErrorCode.NO_FITTING_BACKUP, hold::renew);
        }
    }

    @Test
    void whereverAPurgeDiesTheNextOneFreesTheLabelOfACopyThatWasGivenUp() {
        Label label = Label.require("20261120T010203Z-abcd-full");
        int between = 0;
        boolean died = true;
        for (int call = 1; died; call++) {
            ManualTime clock = new ManualTime();
            TestPlace other = new TestPlace(directory.resolve("call-" + call), clock);
            ClusterCatalog copies = other.cluster();
            BackupCatalog.BackupStart start = new BackupCatalog.BackupStart(
                    BackupType.FULL, copies.newestIncarnation(), Optional.empty(), Duration.ZERO);
            copies.backups().beginCopy(label, start).close();
            clock.advance(Duration.ofDays(3));
            assertThat(copies.backups().purge()).hasSize(1);
            clock.advance(Duration.ofDays(3));
            FaultyStore store = other.store();
            ClusterCatalog dying = new ClusterCatalog(other.open(store, "dying"), TestPlace.CLUSTER);
            store.dieAtCall(call, true);
            try {
                dying.backups().purge();
            } catch (PgbkException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
            }
            died = store.died();
            between += isThere(copies, RepositoryLayout.backup(TestPlace.CLUSTER, label))
                            && !isThere(copies, RepositoryLayout.intent(TestPlace.CLUSTER, label))
                    ? 1
                    : 0;

            assertThat(copies.backups().purge()).isEmpty();

            try (BackupWriter again = copies.backups().beginCopy(label, start)) {
                assertThat(again.label()).as("call %d", call).isEqualTo(label);
            }
        }
        assertThat(between).as("deaths between intent and marker").isPositive();
    }

    private static boolean isThere(ClusterCatalog cluster, String key) {
        return cluster.repository().store().findLength(key).isPresent();
    }

    /** A restore that is complete does not fail because its hold stays until it runs out. */
    @Test
    void aHoldThatCannotBeReleasedFailsNobodyAndRunsOut() {
        Holds.HoldRequest request = new Holds.HoldRequest("restore", Set.of(backup()), Optional.empty());
        FaultyStore store = place.store();
        ClusterCatalog dying = new ClusterCatalog(place.open(store, "dying"), TestPlace.CLUSTER);
        try (Holds.Hold hold = dying.holds().take(request, Duration.ofHours(1))) {
            assertThat(hold.until()).isAfter(time.instant());
            store.dieAtCall(1, false);
        }
        assertThat(store.died()).isTrue();
        assertThat(cluster.holds().list()).hasSize(1);
        time.advance(Duration.ofHours(2));
        cluster.holds().removeExpired(time.instant());
        assertThat(cluster.holds().list()).isEmpty();
    }

    @Test
    void theSameSegmentAgainStoresNothingAndAnotherContentIsAConflict() {
        var wal = cluster.wal(cluster.newestIncarnation());
        assertThat(wal.put(TestPlace.segment(SEGMENT))).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(wal.put(TestPlace.segment(SEGMENT))).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        assertThat(wal.put(TestPlace.file(SEGMENT, new byte[TestPlace.SIZE.bytes()])))
                .isInstanceOf(PutWalOutcome.Conflict.class);
        assertThat(wal.put(TestPlace.file(
                        "00000002.history", "1\t0/1\tx\n".getBytes(java.nio.charset.StandardCharsets.UTF_8))))
                .isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(wal.put(TestPlace.file(
                        "00000002.history", "1\t0/2\tx\n".getBytes(java.nio.charset.StandardCharsets.UTF_8))))
                .isInstanceOf(PutWalOutcome.HistoryConflict.class);
    }

    @Test
    void aProposalThatDoesNotSayWhatItNeedsIsDamage() {
        Label label = backup();
        String events = "clusters/main/backups/" + label + "/events/";
        cluster.repository()
                .documents()
                .append(
                        ObjectKind.EVENT,
                        events,
                        number -> RepositoryLayout.event(TestPlace.CLUSTER, label, number),
                        JsonDocument.newObject()
                                .put("kind", "manifest-proposed")
                                .put("generation", 2)
                                .put("time", "2026-11-21T01:00:00Z")
                                .put("by", "x"));
        assertThat(cluster.backups().listing().damaged()).containsOnlyKeys(label);
        assertThat(cluster.backups().list()).isEmpty();
    }
}
