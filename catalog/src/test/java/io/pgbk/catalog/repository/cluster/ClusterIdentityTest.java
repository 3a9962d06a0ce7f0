package io.pgbk.catalog.repository.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two clusters cannot mix. */
class ClusterIdentityTest {
    private static final ServerIdentity SERVER = TestPlace.SERVER;
    private static final ServerIdentity UPGRADED =
            new ServerIdentity(TestPlace.SYSTEM + 1, 18, 202506291, TestPlace.SIZE, 8192);

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

    @AfterEach
    void check() {
        cluster.repository().close();
        place.assertSound();
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOfSatisfying(PgbkException.class, e -> {
            assertThat(e.code()).as(e.toString()).isEqualTo(code);
            for (String part : parts) {
                assertThat(e.getMessage()).contains(part);
            }
        });
    }

    @Test
    void aServerJoinsItsIncarnationAgainAndAnyOtherIsRefusedByName() {
        assertThat(cluster.join(SERVER).created()).isFalse();
        ServerIdentity clone = new ServerIdentity(4711, 17, SERVER.catalogVersion(), TestPlace.SIZE, 8192);
        assertFails(ErrorCode.OTHER_CLUSTER, () -> cluster.join(clone), "4711", SERVER.systemIdentifierText());
        ServerIdentity otherSegments =
                new ServerIdentity(TestPlace.SYSTEM, 17, SERVER.catalogVersion(), new WalSegmentSize(16 << 20), 8192);
        assertFails(ErrorCode.OTHER_CLUSTER, () -> cluster.join(otherSegments));
        assertFails(ErrorCode.OTHER_CLUSTER, () -> cluster.incarnationOf(4711), "4711");
        assertThat(new ClusterCatalog(cluster.repository(), new ClusterName("other"))
                        .join(clone)
                        .created())
                .isTrue();
    }

    @Test
    void walOfAnotherSystemOrSegmentSizeIsRefused() {
        var wal = cluster.wal(cluster.newestIncarnation());
        WalFileName name = WalFileName.parse(SmallBackup.SEGMENT).orElseThrow();
        byte[] content = new byte[TestPlace.SIZE.bytes()];
        assertFails(
                ErrorCode.OTHER_CLUSTER,
                () -> wal.put(new WalUpload(name, new BytesBody(content), 4711, Optional.empty())),
                "4711");
        assertFails(ErrorCode.OTHER_CLUSTER, () -> wal.put(TestPlace.file(SmallBackup.SEGMENT, new byte[16 << 20])));
        assertThat(wal.find(name)).isEmpty();
    }

    @Test
    void anUpgradeAddsAnIncarnationOnlyWhenTheOldServerIsQuietAndTheVersionIsHigher() {
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment(SmallBackup.SEGMENT));
        assertFails(ErrorCode.OTHER_CLUSTER, () -> cluster.join(UPGRADED));
        assertFails(ErrorCode.REFUSED_BY_POLICY, () -> cluster.upgrade(UPGRADED), "seems to live");
        ServerIdentity sameVersion =
                new ServerIdentity(TestPlace.SYSTEM + 2, 17, SERVER.catalogVersion(), TestPlace.SIZE, 8192);
        assertFails(ErrorCode.REFUSED_BY_POLICY, () -> cluster.upgrade(sameVersion), "no upgrade");

        time.advance(Duration.ofMinutes(61));
        ClusterCatalog.Joined joined = cluster.upgrade(UPGRADED);
        assertThat(joined.created()).isTrue();
        assertThat(joined.incarnation().number()).isEqualTo(2);
        assertThat(cluster.upgrade(UPGRADED).created()).isFalse();
        // The same names again, in an archive of their own.
        byte[] content = new byte[TestPlace.SIZE.bytes()];
        cluster.wal(joined.incarnation())
                .put(new WalUpload(
                        WalFileName.parse(SmallBackup.SEGMENT).orElseThrow(),
                        new BytesBody(content),
                        TestPlace.SYSTEM + 1,
                        Optional.empty()));
        assertThat(cluster.incarnations()).hasSize(2);
        // The old server, should it live all the same, still archives into its own incarnation.
        assertThat(cluster.incarnationOf(TestPlace.SYSTEM).number()).isEqualTo(1);
    }

    @Test
    void aClockThatWasSetBackChangesNoOrder() {
        Label first = SmallBackup.take(cluster);
        RepositoryRuntime plain = place.runtime("back");
        RepositoryRuntime past = new RepositoryRuntime(
                () -> time.instant().minus(Duration.ofDays(30)),
                plain.monotonic(),
                plain.random(),
                plain.owner(),
                plain.compression(),
                plain.temporaryDirectory());
        try (Repository repository = Repository.open(place.store(), TestPlace.encrypted(1), past)) {
            ClusterCatalog back = new ClusterCatalog(repository, TestPlace.CLUSTER);
            Label second = SmallBackup.take(back, Lsn.parse("0/100800"));
            assertThat(second.value()).isLessThan(first.value());
            assertThat(cluster.backups().list()).extracting(BackupRecord::label).containsExactly(first, second);
            assertThat(cluster.backups()
                            .list()
                            .getLast()
                            .summary()
                            .previous()
                            .orElseThrow()
                            .label())
                    .isEqualTo(first);
            // Removing needs a clock that can be trusted.
            assertFails(ErrorCode.REFUSED_BY_POLICY, () -> back.backups().delete(first, Duration.ZERO, true), "clock");
        }
    }
}
