package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code delete --dry-run}. */
class ExamineDeletionTest {
    @TempDir
    Path directory;

    @Test
    void aBackupThatDiedIsPassedOverAndNotEnded() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        ClusterCatalog cluster = place.cluster();
        Label first = SmallBackup.take(cluster);
        SmallBackup.take(cluster, Lsn.parse("0/100400"));
        FaultyStore store = place.store();
        try (Repository dying = place.open(store, "dying")) {
            ClusterCatalog there = new ClusterCatalog(dying, TestPlace.CLUSTER);
            BackupWriter writer = there.backups()
                    .begin(new BackupCatalog.BackupStart(
                            BackupType.INCREMENTAL, there.newestIncarnation(), Optional.of(first), Duration.ZERO));
            store.dieAtCall(1, false);
            writer.close();
        }
        assertThatThrownBy(() -> cluster.backups().examineDeletion(first, false))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD_BY_ANOTHER));

        place.time().advance(Duration.ofDays(3));
        FaultyStore watched = place.store();
        try (Repository looking = place.open(watched, "looking")) {
            watched.countAnew();
            assertThat(new ClusterCatalog(looking, TestPlace.CLUSTER).backups().examineDeletion(first, false))
                    .isPositive();
            assertThat(watched.changes()).isEmpty();
        }
        assertThat(cluster.backups().running()).hasSize(1);
        assertThat(cluster.backups().delete(first, Duration.ZERO, false).removed())
                .isTrue();
    }
}
