package io.pgbk.catalog.repository.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Interleaving;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A copy sleeps past its lease, and another one takes it over: what is listed is whole, whoever comes to an end. */
class CopyTakeoverTest {
    private static final int MAX_CALLS = 300;

    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();

    @SuppressWarnings("NullAway.Init")
    private ClusterCatalog from;

    @SuppressWarnings("NullAway.Init")
    private Label label;

    @BeforeEach
    void makeSource() {
        from = new TestPlace(directory.resolve("from"), time).cluster();
        label = SmallBackup.take(from);
    }

    /** An empty repository. */
    private TestPlace place(String name) {
        TestPlace place = new TestPlace(directory.resolve(name), time);
        place.initialise(TestPlace.encrypted(1)).close();
        return place;
    }

    private CopyReport copy(Repository to) {
        return new RepositoryCopy(from, new ClusterCatalog(to, TestPlace.CLUSTER))
                .run(new RepositoryCopy.Request(Optional.empty(), 1, false), TaskMonitor.SILENT);
    }

    private static List<String> manifests(Repository repository, Label label) {
        List<String> keys = new ArrayList<>();
        repository
                .store()
                .list(RepositoryLayout.manifestFolder(TestPlace.CLUSTER, label), "")
                .forEachRemaining(manifest -> keys.add(manifest.key()));
        return keys;
    }

    /** The one backup is listed and sound, and no attempt left a manifest that nobody uses. */
    private void assertCopied(TestPlace place) {
        place.assertSound();
        try (Repository repository = place.open("reader")) {
            ClusterCatalog to = new ClusterCatalog(repository, TestPlace.CLUSTER);
            assertThat(to.backups().list()).extracting(BackupRecord::label).containsExactly(label);
            assertThat(manifests(repository, label))
                    .containsExactly(to.backups().manifestKey(to.backups().require(label)));
        }
    }

    @Test
    void hazardTheCommitOfASleepingCopyArrivesBeforeAnyCallOfTheOneThatTookItOver() {
        AtomicBoolean arrived = new AtomicBoolean(true);
        int call = 0;
        while (arrived.get()) {
            assertThat(++call).isLessThan(MAX_CALLS);
            int at = call;
            TestPlace place = place("call" + call);
            FaultyStore first = place.store();
            FaultyStore second = place.store();
            try (Repository sleeper = place.open(first, "sleeper");
                    Repository next = place.open(second, "next")) {
                first.delayCreating(RepositoryLayout.backup(TestPlace.CLUSTER, label)::equals, arrival -> {
                    second.runAtCall(at, arrival);
                    assertThat(copy(next).failures()).isEmpty();
                    arrived.set(second.ran());
                });
                assertThat(copy(sleeper).failures()).isEmpty();
                assertThat(first.wasSuspended()).isTrue();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("before call " + call, e);
            }
            assertCopied(place);
        }
        assertThat(call).isGreaterThan(50);
    }

    @Test
    void hazardACopyIsSuspendedBeforeAnyCallWhileAnotherTakesItOver() {
        AtomicInteger takenOver = new AtomicInteger();
        boolean ran = true;
        int call = 0;
        while (ran) {
            assertThat(++call).isLessThan(MAX_CALLS);
            TestPlace place = place("suspended" + call);
            FaultyStore first = place.store();
            try (Repository sleeper = place.open(first, "sleeper");
                    Repository next = place.open("next")) {
                first.suspendAtCall(call, () -> {
                    assertThat(copy(next).failures()).isEmpty();
                    takenOver.incrementAndGet();
                });
                Interleaving.tolerant(_ -> copy(sleeper), new ClusterCatalog(sleeper, TestPlace.CLUSTER));
                ran = first.wasSuspended();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("before call " + call, e);
            }
            if (ran) {
                assertCopied(place);
            }
        }
        assertThat(takenOver).hasValueGreaterThan(20);
    }

    /** With a clock of its own, since the threads that store packs move nobody's clock when they wait. */
    private void copyOnAnotherHost(String name) {
        TestPlace place = new TestPlace(directory.resolve(name), new ManualTime());
        try (Repository next = place.open("next")) {
            assertThat(copy(next).failures()).isEmpty();
        }
    }

    @Test
    void hazardWhereUploadsReplaceWhatIsThereACopySleepsInThePackThatAnotherStoresAndCommits() {
        boolean ran = true;
        int behind = 0;
        while (ran) {
            String name = "pack" + behind;
            TestPlace place = place(name);
            FaultyStore first = place.store();
            first.overwriteByUploads();
            try (Repository sleeper = place.open(first, "sleeper")) {
                first.suspendBehindStoring(
                        key -> RepositoryLayout.parse(key) instanceof RepositoryObject.Pack,
                        behind,
                        () -> copyOnAnotherHost(name));
                Interleaving.tolerant(_ -> copy(sleeper), new ClusterCatalog(sleeper, TestPlace.CLUSTER));
                ran = first.wasSuspended();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(behind + " calls behind the beginning of the pack", e);
            }
            assertCopied(place);
            behind++;
        }
        assertThat(behind).isGreaterThan(3);
    }

    @Test
    void whatAttemptsThatWereKilledBehindTheirManifestLeftGoesWhenOneComesToItsEnd() {
        TestPlace place = place("killed");
        for (int attempt = 1; attempt <= 2; attempt++) {
            FaultyStore store = place.store();
            store.dieAtStoring(RepositoryLayout.backup(TestPlace.CLUSTER, label)::equals);
            try (Repository dying = place.open(store, "dying")) {
                assertThatThrownBy(() -> copy(dying))
                        .isInstanceOfSatisfying(
                                PgbkException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE));
            }
            time.advance(Duration.ofMinutes(5));
            try (Repository repository = place.open("reader")) {
                assertThat(manifests(repository, label)).hasSize(attempt);
            }
        }
        try (Repository next = place.open("next")) {
            assertThat(copy(next).failures()).isEmpty();
        }
        assertCopied(place);
    }
}
