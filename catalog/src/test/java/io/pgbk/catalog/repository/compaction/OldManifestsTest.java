package io.pgbk.catalog.repository.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.synthesis.SmallChain;
import io.pgbk.task.TaskMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The manifests that compactions replaced go by a list of backups that may be old itself. */
class OldManifestsTest {
    private static final int PAGES = 160;
    private static final Duration GRACE = Duration.ofDays(7);

    @TempDir
    Path directory;

    private static void copy(ClusterCatalog from, ClusterCatalog to) {
        assertThat(new RepositoryCopy(from, to)
                        .run(new RepositoryCopy.Request(Optional.empty(), 1, false), TaskMonitor.SILENT)
                        .failures())
                .isEmpty();
    }

    /** Then a copy begins with a low generation again, as those of earlier versions did. */
    private static void forgetLeases(Repository repository) {
        List<String> keys = new ArrayList<>();
        repository
                .store()
                .list(RepositoryLayout.lease(TestPlace.CLUSTER, BackupCatalog.LEASE), "")
                .forEachRemaining(object -> keys.add(object.key()));
        assertThat(repository.store().delete(keys)).isEmpty();
    }

    @Test
    void hazardTheOnlyManifestOfABackupThatWasCopiedBackMeanwhileStays() {
        ManualTime time = new ManualTime();
        ClusterCatalog cluster = new TestPlace(directory.resolve("first"), time).cluster();
        ClusterCatalog other = new ClusterCatalog(
                new TestPlace(directory.resolve("other"), time).initialise(TestPlace.encrypted(2)), TestPlace.CLUSTER);
        SmallChain chain = new SmallChain(cluster);
        byte[] content = new byte[PAGES * SmallChain.PAGE];
        new Random(4711).nextBytes(content);
        Label full = chain.take(BackupType.FULL, Optional.empty(), content);
        for (int page = 20; page < PAGES; page++) {
            content[page * SmallChain.PAGE] ^= 1;
        }
        Label user = chain.take(BackupType.INCREMENTAL, Optional.of(full), content);
        Compaction compaction = new Compaction(cluster, Duration.ZERO);
        copy(cluster, other);
        compaction.run(Set.of(full), Compaction.DEFAULT_PERCENT, TaskMonitor.SILENT);
        int generation = cluster.backups().require(user).manifest().generation();
        time.advance(GRACE.plusDays(1));
        List<BackupRecord> old = cluster.backups().list();

        cluster.backups().delete(user, Duration.ZERO, true);
        forgetLeases(cluster.repository());
        copy(other, cluster);
        assertThat(cluster.backups().require(user).manifest().generation()).isLessThan(generation);
        assertThat(compaction.removeOldManifests(old, GRACE)).isZero();

        assertThat(chain.assemble(user)).isEqualTo(content);
        RepositoryChecker.assertSound(cluster.repository());
    }
}
