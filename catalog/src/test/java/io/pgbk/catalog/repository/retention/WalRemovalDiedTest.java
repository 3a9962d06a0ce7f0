package io.pgbk.catalog.repository.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.synthesis.SmallChain;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A removal of WAL was decided and died before it removed any; what it decided goes with the next one. */
class WalRemovalDiedTest {
    @TempDir
    Path directory;

    private ClusterCatalog cluster;

    @BeforeEach
    void prepare() {
        cluster = new TestPlace(directory, new ManualTime()).cluster();
        for (int number = 1; number <= 8; number++) {
            cluster.wal(cluster.newestIncarnation())
                    .put(TestPlace.segment(
                            WalSegmentName.ofNumber(1, number, TestPlace.SIZE).toString()));
        }
    }

    private static Lsn lsn(int segment) {
        return WalSegmentName.ofNumber(1, segment, TestPlace.SIZE).startLsn(TestPlace.SIZE);
    }

    private void remove(int keptFrom, Runnable mayGoOn) {
        new WalRemover(cluster, WalInventory.gather(cluster), mayGoOn, TaskMonitor.SILENT)
                .run(List.of(new ExpirePlan.KeptWal(1, 1, lsn(keptFrom), Optional.empty())));
    }

    private void dieBeforeRemoving(int keptFrom) {
        PgbkException killed = new PgbkException(ErrorCode.INTERRUPTED, "killed");
        AtomicInteger asked = new AtomicInteger();
        assertThatThrownBy(() -> remove(keptFrom, () -> {
                    if (asked.incrementAndGet() > 1) {
                        throw killed;
                    }
                }))
                .isSameAs(killed);
        assertThat(cluster.wal(cluster.newestIncarnation())
                        .trimming()
                        .read()
                        .removed(1)
                        .isEmpty())
                .isFalse();
    }

    /** A backup from a standby: nobody knows before where it begins. */
    private Label takeFromSegmentOne() {
        return new SmallChain(cluster).take(BackupType.FULL, Optional.empty(), new byte[SmallChain.PAGE]);
    }

    @Test
    void hazardABackupThatDidNotSayWhatItNeedsIsNotListedOnWalThatIsAboutToGo() {
        Label kept = SmallBackup.take(cluster, lsn(7).plus(0x28));
        dieBeforeRemoving(7);

        assertThatThrownBy(this::takeFromSegmentOne)
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_GAP))
                .hasMessageContaining(SmallBackup.SEGMENT);

        remove(7, () -> {});
        assertThat(cluster.backups().list()).extracting(BackupRecord::label).containsExactly(kept);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void aBackupThatNeedsNothingOfItIsListed() {
        SmallBackup.take(cluster, lsn(1).plus(0x28));
        dieBeforeRemoving(7);
        Label standby = takeFromSegmentOne();
        remove(7, () -> {});
        assertThat(cluster.backups().list()).extracting(BackupRecord::label).contains(standby);
        RepositoryChecker.assertSound(cluster.repository());
    }
}
