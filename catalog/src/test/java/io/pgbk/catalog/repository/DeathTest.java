package io.pgbk.catalog.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The process dies at its nth call to the store, for every n, before the call or after its effect, which is also a lost
 * answer: nothing false is listed, nothing that is needed is gone, and the next run succeeds.
 */
class DeathTest {
    /** No operation here needs more calls; one that does not end would hang the test. */
    private static final int MAX_CALLS = 200;

    @TempDir
    Path directory;

    private interface Scenario {
        /** Makes what was there before, alone in the place. */
        void before(ClusterCatalog cluster);

        /** What dies. */
        void operation(ClusterCatalog cluster);

        /** Does it again after another process opened the repository. */
        void again(ClusterCatalog cluster);
    }

    private void dieAtEveryCall(String name, Scenario scenario) {
        int deaths = 0;
        for (boolean withEffect : new boolean[] {false, true}) {
            boolean died = true;
            for (int call = 1; died; call++) {
                assertThat(call).isLessThan(MAX_CALLS);
                TestPlace place = new TestPlace(directory.resolve(name + call + withEffect), new ManualTime());
                ClusterCatalog before = place.cluster();
                scenario.before(before);
                before.repository().close();
                FaultyStore store = place.store();
                Repository dying = place.open(store, "dying");
                store.dieAtCall(call, withEffect);
                try {
                    scenario.operation(new ClusterCatalog(dying, TestPlace.CLUSTER));
                } catch (PgbkException e) {
                    assertThat(e.code())
                            .as("%s at call %d: %s", name, call, e)
                            .isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
                }
                died = store.died();
                deaths += died ? 1 : 0;
                place.assertSound();
                // Longer than a lease lives without its holder.
                place.time().advance(Duration.ofMinutes(5));
                try (Repository next = place.open("next")) {
                    scenario.again(new ClusterCatalog(next, TestPlace.CLUSTER));
                    RepositoryChecker.assertSound(next);
                }
            }
        }
        assertThat(deaths).as("deaths of " + name).isGreaterThan(2);
    }

    @Test
    void ofAPush() {
        dieAtEveryCall("push", new Scenario() {
            private final WalUpload segment = TestPlace.segment(SmallBackup.SEGMENT);

            @Override
            public void before(ClusterCatalog cluster) {
                // Nothing is archived.
            }

            @Override
            public void operation(ClusterCatalog cluster) {
                cluster.wal(cluster.newestIncarnation()).put(segment);
            }

            @Override
            public void again(ClusterCatalog cluster) {
                assertThat(cluster.wal(cluster.newestIncarnation()).put(segment))
                        .isInstanceOfAny(PutWalOutcome.Stored.class, PutWalOutcome.AlreadyIdentical.class);
                assertThat(cluster.wal(cluster.newestIncarnation()).find(segment.name()))
                        .isPresent();
            }
        });
    }

    @Test
    void ofAPushThatIsKeptBesideAndOfItsEvent() {
        dieAtEveryCall("beside", new Scenario() {
            private final WalFileName name =
                    WalFileName.parse(SmallBackup.SEGMENT).orElseThrow();

            @Override
            public void before(ClusterCatalog cluster) {
                cluster.wal(cluster.newestIncarnation()).put(TestPlace.wal(1, 1, false));
            }

            @Override
            public void operation(ClusterCatalog cluster) {
                cluster.wal(cluster.newestIncarnation()).put(TestPlace.wal(1, 1, true));
            }

            @Override
            public void again(ClusterCatalog cluster) {
                operation(cluster);
                var report = cluster.wal(cluster.newestIncarnation()).show(name);
                assertThat(report.variants()).hasSize(2);
                assertThat(report.events()).isNotEmpty();
                assertThat(report.delivered().orElseThrow().variant()).isNotEmpty();
            }
        });
    }

    @Test
    void ofABackupUpToItsCommit() {
        dieAtEveryCall("backup", new Scenario() {
            @Override
            public void before(ClusterCatalog cluster) {
                SmallBackup.take(cluster);
            }

            @Override
            public void operation(ClusterCatalog cluster) {
                SmallBackup.take(cluster, Lsn.parse("0/100100"));
            }

            @Override
            public void again(ClusterCatalog cluster) {
                int before = cluster.backups().list().size();
                operation(cluster);
                assertThat(cluster.backups().list()).hasSize(before + 1);
                assertThat(before).isBetween(1, 2);
                cluster.repository();
            }
        });
    }

    @Test
    void ofADeletion() {
        dieAtEveryCall("delete", new Scenario() {
            @Override
            public void before(ClusterCatalog cluster) {
                SmallBackup.take(cluster);
                SmallBackup.take(cluster, Lsn.parse("0/100100"));
            }

            @Override
            public void operation(ClusterCatalog cluster) {
                Label first = cluster.backups().list().getFirst().label();
                cluster.backups().delete(first, Duration.ZERO, false);
            }

            @Override
            public void again(ClusterCatalog cluster) {
                List<BackupRecord> left = cluster.backups().list();
                assertThat(left).hasSizeBetween(1, 2);
                if (left.size() == 2) {
                    Label first = left.getFirst().label();
                    assertThat(cluster.backups()
                                    .delete(first, Duration.ZERO, false)
                                    .removed())
                            .isTrue();
                }
                cluster.backups().purge();
                assertThat(cluster.backups().list()).hasSize(1);
                Label kept = cluster.backups().list().getFirst().label();
                cluster.repository()
                        .store()
                        .list("clusters/main/packs/", "")
                        .forEachRemaining(pack -> assertThat(pack.key()).contains(kept.value()));
            }
        });
    }

    @Test
    void ofADeletionThatTheSameCommandFinishes() {
        List<Label> deleted = new ArrayList<>();
        dieAtEveryCall("delete again", new Scenario() {
            @Override
            public void before(ClusterCatalog cluster) {
                deleted.clear();
                deleted.add(SmallBackup.take(cluster));
                SmallBackup.take(cluster, Lsn.parse("0/100100"));
            }

            @Override
            public void operation(ClusterCatalog cluster) {
                cluster.backups().delete(deleted.getFirst(), Duration.ZERO, false);
            }

            @Override
            public void again(ClusterCatalog cluster) {
                String folder = "clusters/main/backups/" + deleted.getFirst() + "/";
                if (cluster.repository().store().list(folder, "").hasNext()) {
                    cluster.backups().requireListedOrHalfRemoved(deleted.getFirst());
                    assertThat(cluster.backups().examineDeletion(deleted.getFirst(), false))
                            .isNotNegative();
                    operation(cluster);
                } else {
                    assertThatThrownBy(() -> cluster.backups().requireListedOrHalfRemoved(deleted.getFirst()))
                            .hasMessageContaining("there is no backup");
                }
                assertThat(cluster.backups().list()).hasSize(1);
                for (String place : List.of(folder, "clusters/main/packs/" + deleted.getFirst() + "/")) {
                    assertThat(cluster.repository().store().list(place, "").hasNext())
                            .as(place)
                            .isFalse();
                }
            }
        });
    }

    @Test
    void ofAHoldAndOfALease() {
        dieAtEveryCall("hold", new Scenario() {
            @Override
            public void before(ClusterCatalog cluster) {
                SmallBackup.take(cluster);
            }

            @Override
            public void operation(ClusterCatalog cluster) {
                Label label = cluster.backups().list().getFirst().label();
                try (var lease = cluster.leases().acquire("expire", "test", Duration.ZERO)) {
                    var request = new io.pgbk.catalog.repository.lease.Holds.HoldRequest(
                            "restore", java.util.Set.of(label), java.util.Optional.empty());
                    try (var hold = cluster.holds().take(request, Duration.ofMinutes(1))) {
                        hold.renew();
                        lease.proveHeld();
                    }
                }
            }

            @Override
            public void again(ClusterCatalog cluster) {
                operation(cluster);
            }
        });
    }

    @Test
    void ofAddingAndOfRotatingKeys() {
        dieAtEveryCall("keys", new Scenario() {
            @Override
            public void before(ClusterCatalog cluster) {
                SmallBackup.take(cluster);
            }

            @Override
            public void operation(ClusterCatalog cluster) {
                KeyManager keys = cluster.repository().keyManager();
                keys.add(TestPlace.key(2));
                keys.rotate(List.of(TestPlace.key(1), TestPlace.key(2)));
            }

            @Override
            public void again(ClusterCatalog cluster) {
                operation(cluster);
            }
        });
    }
}
