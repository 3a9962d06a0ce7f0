package io.pgbk.catalog.repository;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.testkit.disk.DiskCall;
import io.pgbk.testkit.disk.DiskCall.Operation;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The disk below a repository in a directory, or the one of the temporary directory, fails: whatever is archived or
 * listed afterwards is whole, whatever was not made durable was not called done, and the next run succeeds.
 */
class DiskFaultTest {
    private static final boolean LONG = Boolean.getBoolean("pgbk.long");
    /** Coprime to the calls that one object takes, so that each kind of call is met. */
    private static final int STEP = LONG ? 1 : 7;

    @TempDir
    Path directory;

    private final FaultyDisk disk = new FaultyDisk();

    private ClusterCatalog onDisk(TestPlace place) {
        FaultyStore store = new FaultyStore(
                ObjectStores.open(new DirectoryStoreConfig(disk.path(place.directory()))), place.time());
        return new ClusterCatalog(place.open(store, "on a bad disk"), TestPlace.CLUSTER);
    }

    private static boolean isFatal(DiskCall call) {
        // Leftovers harm nobody; what cannot be read is the business of other tests.
        return call.operation() != Operation.DELETE;
    }

    private void assertFailure(PgbkException e, DiskCall call) {
        assertThat(e.code()).as(call + ": " + e).isIn(ErrorCode.NO_SPACE, ErrorCode.REPOSITORY_UNREACHABLE);
    }

    @Test
    void hazardDiskFullOrBrokenAtAnyCallOfAPushIsNeverSuccessAndTheNextPushStoresIt() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        place.cluster().repository().close();
        ClusterCatalog cluster = onDisk(place);
        int segment = 0;
        int failures = 0;
        for (DiskFault fault : List.of(DiskFault.NO_SPACE, DiskFault.IO_ERROR, DiskFault.SHORT_WRITE)) {
            boolean reached = true;
            for (int number = 0; reached; number++) {
                WalUpload upload = TestPlace.segment("00000001000000000000%04X".formatted(++segment));
                disk.failAt(number, fault);
                boolean done = true;
                try {
                    cluster.wal(cluster.newestIncarnation()).put(upload);
                } catch (PgbkException e) {
                    assertFailure(e, disk.calls().get(number));
                    done = false;
                }
                List<DiskCall> calls = disk.calls();
                reached = calls.size() > number;
                disk.heal();
                if (reached && fault instanceof DiskFault.Fail && isFatal(calls.get(number))) {
                    assertThat(done).as(fault + " at " + calls.get(number)).isFalse();
                    failures++;
                }
                if (!done) {
                    cluster.wal(cluster.newestIncarnation()).put(upload);
                }
                assertThat(cluster.wal(cluster.newestIncarnation()).find(upload.name()))
                        .isPresent();
            }
        }
        assertThat(failures).isGreaterThan(10);
        cluster.repository().close();
        place.assertSound();
    }

    @Test
    void hazardDiskFullOrBrokenAtAnyCallOfABackupListsNothingFalseAndTheNextBackupSucceeds() {
        int failures = 0;
        for (DiskFault fault : List.of(DiskFault.NO_SPACE, DiskFault.IO_ERROR)) {
            boolean reached = true;
            for (int number = 0; reached; number += STEP) {
                TestPlace place = new TestPlace(
                        directory.resolve(number + fault.toString().replaceAll("\\W", "")), new ManualTime());
                ClusterCatalog before = place.cluster();
                SmallBackup.take(before);
                before.repository().close();
                ClusterCatalog cluster = onDisk(place);
                disk.failAt(number, fault);
                List<Label> said = new ArrayList<>();
                try {
                    said.add(SmallBackup.take(cluster, Lsn.parse("0/100100")));
                } catch (PgbkException e) {
                    assertFailure(e, disk.calls().get(number));
                    failures++;
                }
                reached = disk.calls().size() > number;
                disk.heal();
                List<Label> listed = cluster.backups().list().stream()
                        .map(BackupRecord::label)
                        .toList();
                assertThat(listed).containsAll(said).hasSizeLessThanOrEqualTo(2);
                place.assertSound();
                // Longer than a lease lives without its holder.
                place.time().advance(Duration.ofMinutes(5));
                Label next = SmallBackup.take(cluster, Lsn.parse("0/100200"));
                assertThat(cluster.backups().list())
                        .extracting(BackupRecord::label)
                        .contains(next);
                cluster.repository().close();
                place.assertSound();
            }
        }
        assertThat(failures).isGreaterThan(5);
    }

    @Test
    void hazardFullTemporaryDirectoryIsSaidAndNothingIsStoredOrLeft() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        place.cluster().repository().close();
        RepositoryRuntime runtime = place.runtime("push");
        Repository repository = Repository.open(
                place.store(),
                TestPlace.encrypted(1),
                new RepositoryRuntime(
                        runtime.clock(),
                        runtime.monotonic(),
                        runtime.random(),
                        runtime.owner(),
                        runtime.compression(),
                        disk.path(directory)));
        ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.wal(1, 1, false));
        WalUpload longer = TestPlace.wal(1, 1, true);

        for (Operation operation : List.of(Operation.OPEN, Operation.WRITE)) {
            disk.faults(call -> call.operation() == operation ? DiskFault.NO_SPACE : DiskFault.NONE);
            org.assertj.core.api.Assertions.assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> cluster.wal(cluster.newestIncarnation()).put(longer))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE))
                    .satisfies(e -> assertThat(e.hint()).contains(directory.toString()));
        }
        disk.heal();
        assertThat(directory.toFile().list()).containsExactly("repository");
        assertThat(cluster.wal(cluster.newestIncarnation()).show(longer.name()).variants())
                .hasSize(1);
        cluster.wal(cluster.newestIncarnation()).put(longer);
        assertThat(cluster.wal(cluster.newestIncarnation()).show(longer.name()).variants())
                .hasSize(2);
        repository.close();
    }
}
