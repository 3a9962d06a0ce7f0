package io.pgbk.catalog.repository.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.BufferPool;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a check of packs with frames larger than usual takes of the process's buffers. */
class CheckMemoryTest {
    private static final int FRAME = 8 << 20;

    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();

    @SuppressWarnings("NullAway.Init")
    private TestPlace place;

    @BeforeEach
    void takeBackups() {
        place = new TestPlace(directory, time);
        ClusterCatalog cluster = place.cluster();
        SmallBackup.take(cluster);
        byte[] content = new byte[FRAME];
        new Random(4711).nextBytes(content);
        PackSettings large = new PackSettings(Compression.DEFAULT, FRAME, 4L * FRAME, 8192);
        for (int i = 1; i <= 3; i++) {
            SmallBackup.take(cluster, Lsn.parse("0/100028").plus(i * 1024L), Optional.empty(), content, large);
        }
    }

    private List<Finding> check(BufferPool pool) throws IOException {
        return check(pool, place.store());
    }

    private List<Finding> check(BufferPool pool, FaultyStore store) throws IOException {
        RepositoryRuntime runtime =
                new RepositoryRuntime(time, time, new SecureRandom(), "checker", Compression.DEFAULT, directory, pool);
        try (Repository repository = Repository.open(store, TestPlace.encrypted(1), runtime)) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            return new RepositoryCheck(cluster, Sample.ALL, 8, TaskMonitor.SILENT)
                    .run(Optional.empty(), cluster.backups().list())
                    .tally()
                    .findings();
        }
    }

    @Test
    void asManyWorkersRunAsHaveRoomForTheLargestFrameThatThePacksHave() throws IOException {
        BufferPool pool = new BufferPool(2 * PackReader.bufferBytes(FRAME) + 1);

        assertThat(check(pool).stream().filter(Finding::serious)).isEmpty();

        assertThat(pool.grownBytes()).isZero();
        assertThat(pool.peakBytes()).isEqualTo(2 * PackReader.bufferBytes(FRAME));
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void aCheckThatFailsAtAnyCallOfTheStoreGivesAllBuffersBack() throws IOException {
        BufferPool pool = new BufferPool(2 * PackReader.bufferBytes(FRAME));
        int failures = 0;
        boolean died = true;
        for (int call = 1; died; call += 2) {
            FaultyStore store = place.store();
            store.dieAtCall(call, false);
            try {
                check(pool, store);
            } catch (PgbkException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
                failures++;
            }
            died = store.died();
            assertThat(pool.reservedBytes()).isZero();
        }
        assertThat(failures).isPositive();
        assertThat(pool.peakBytes()).isEqualTo(pool.limitBytes());
    }

    @Test
    void whereThereIsNoRoomForOneFrameItIsSaidHowMuchIsNeededAndAllComesBack() {
        BufferPool pool = new BufferPool(2 * PackReader.bufferBytes(FormatLimits.DEFAULT_FRAME_BYTES));

        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> check(pool))
                .withMessage("verify needs 25MiB for the buffers of one worker, and buffer-memory is 7MiB")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIGURATION));

        assertThat(pool.reservedBytes()).isZero();
    }
}
