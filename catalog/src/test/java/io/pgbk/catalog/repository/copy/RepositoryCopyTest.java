package io.pgbk.catalog.repository.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Copies between repositories in directories, under different keys. */
class RepositoryCopyTest extends CopySite {
    @Test
    void aCopyRestoresOnItsOwnUnderTheOtherKeyWithPageDigestsOfItsOwnSeed() throws IOException {
        List<Label> chain = chain();
        WalArchive archive = from.wal(from.newestIncarnation());
        archive.put(TestPlace.segment("000000010000000000000002"));
        byte[] full = assemble(from, chain.getFirst());
        byte[] differential = assemble(from, chain.getLast());
        for (EncryptionSettings encryption : List.of(TestPlace.encrypted(2), new EncryptionSettings.Plain())) {
            ClusterCatalog to = target("to-" + encryption.getClass().getSimpleName(), encryption);

            CopyReport report = copy(from, to, Optional.empty());

            assertThat(report.failures()).isEmpty();
            assertThat(report.walSegments()).isEqualTo(2);
            assertThat(report.backups())
                    .extracting(CopyReport.CopiedBackup::label)
                    .containsExactlyElementsOf(chain);
            assertThat(labels(to)).containsExactlyElementsOf(chain);
            assertThat(assemble(to, chain.getFirst())).isEqualTo(full);
            assertThat(assemble(to, chain.getLast())).isEqualTo(differential).isNotEqualTo(full);
            BackupRecord copied = to.backups().require(chain.getLast());
            assertThat(copied.summary().facts().parent()).hasValue(chain.getFirst());
            assertThat(copied.annotations()).containsEntry("ticket", "4711");
            try (ManifestReader manifest = manifest(to, copied)) {
                assertThat(manifest.pageFailures().next()).isEqualTo(new PageFailure(FILE, 3));
                assertThat(manifest.facts().settings()).containsEntry("work_mem", "4MB");
            }
            assertThat(to.wal(to.newestIncarnation())
                            .find(WalFileName.parse("000000010000000000000002").orElseThrow()))
                    .isPresent();
            assertThat(to.holds().list()).isEmpty();
            assertThat(from.holds().list()).isEmpty();
            RepositoryChecker.assertSound(to.repository());

            CopyReport again = copy(from, to, Optional.empty());
            assertThat(again.backups()).isEmpty();
            assertThat(again.bytes()).isZero();
        }
    }

    @Test
    void oneBackupBringsThoseItIsBuiltOnAndTheWalItNeedsAlone() {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        from.wal(from.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport planned = new RepositoryCopy(from, to)
                .run(new RepositoryCopy.Request(Optional.of(chain.getLast()), 1, true), TaskMonitor.SILENT);
        assertThat(planned.backups())
                .extracting(CopyReport.CopiedBackup::state)
                .containsExactly(CopyReport.State.PLANNED, CopyReport.State.PLANNED);
        assertThat(to.incarnations()).isEmpty();

        CopyReport report = copy(from, to, Optional.of(chain.getLast()));

        assertThat(labels(to)).containsExactlyElementsOf(chain).doesNotContain(other);
        assertThat(report.walSegments()).isEqualTo(1);
        // Deletion in the copy knows who needs what.
        assertThatThrownBy(() -> to.backups().delete(chain.getFirst(), Duration.ZERO, true))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED_BY_POLICY));
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void killedAtAnyCallNothingHalfIsListedAndTheNextCopyGoesOnWithThePacksThatAreThere() throws IOException {
        List<Label> chain = chain();
        byte[] expected = assemble(from, chain.getLast());
        boolean died = true;
        int resumed = 0;
        for (int call = 1; died; call += 3) {
            assertThat(call).isLessThan(400);
            TestPlace place = place("killed-" + call);
            place.initialise(TestPlace.encrypted(1)).close();
            FaultyStore store = place.store();
            Repository dying = place.open(store, "dying");
            store.dieAtCall(call, call % 2 == 0);
            try {
                new RepositoryCopy(from, new ClusterCatalog(dying, TestPlace.CLUSTER))
                        .run(new RepositoryCopy.Request(Optional.empty(), 1, false), TaskMonitor.SILENT);
            } catch (PgbkException e) {
                assertThat(e.code()).as("call %d: %s", call, e).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
            }
            died = store.died();
            assertThat(dying.runtime().buffers().reservedBytes()).isZero();
            place.assertSound();
            time.advance(Duration.ofMinutes(5));
            try (Repository next = place.open("next")) {
                ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
                Set<String> before = packs(to);
                copy(from, to, Optional.empty());
                assertThat(packs(to)).containsAll(before);
                resumed += before.isEmpty() ? 0 : 1;
                assertThat(labels(to)).containsExactlyElementsOf(chain);
                assertThat(assemble(to, chain.getLast())).isEqualTo(expected);
                RepositoryChecker.assertSound(next);
            }
        }
        assertThat(resumed).as("copies that found packs").isPositive();
    }

    private static Set<String> packs(ClusterCatalog cluster) {
        Set<String> keys = new TreeSet<>();
        cluster.repository()
                .store()
                .list("clusters/main/packs/", "")
                // The salt in the header tells whether a pack was written anew.
                .forEachRemaining(object ->
                        keys.add(object.key() + " " + cluster.repository().sha256(object.key(), object.length())));
        return keys;
    }

    @Test
    void aBackupThatIsCopiedBackAfterItsRemovalIsNoDamageOfTheChainOfSummaries() {
        Label first = SmallBackup.take(from);
        Label second = SmallBackup.take(from, Lsn.parse("0/100800"));
        ClusterCatalog to = target("to", TestPlace.encrypted(2));
        copy(from, to, Optional.empty());
        assertThat(to.backups()
                        .require(first)
                        .summary()
                        .previous()
                        .orElseThrow()
                        .label())
                .isEqualTo(second);

        to.backups().delete(second, Duration.ZERO, true);
        assertThat(labels(to)).containsExactly(first);
        copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(first, second);
        assertThat(to.backups().require(second).summary().sequence()).isEqualTo(3);
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void aCopyOfWhatIsBuiltOnABackupThatIsBeingRemovedLeavesNothingThatKeepsTheRemovalWaiting() {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        ClusterCatalog to = target("to", TestPlace.encrypted(2));
        copy(from, to, Optional.of(chain.getFirst()));
        copy(from, to, Optional.of(other));
        to.backups().delete(chain.getFirst(), BackupCatalog.GRACE, true);

        CopyReport report = copy(from, to, Optional.empty());

        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.NO_FITTING_BACKUP));
        assertThat(to.backups().listing().running()).isEmpty();
    }

    @Test
    void anotherClusterAndTheSameRepositoryAreRefused() {
        chain();
        ClusterCatalog other = target("other", TestPlace.encrypted(2));
        other.join(new ServerIdentity(1, 17, 202406281, TestPlace.SIZE, PAGE));

        assertThatThrownBy(() -> copy(from, other, Optional.empty()))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OTHER_CLUSTER));
        assertThatThrownBy(() -> copy(from, from, Optional.empty()))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE));
        assertThat(labels(other)).isEmpty();
    }

    @Test
    void incarnationsFollowEachOtherAsTheyDoInTheSource() {
        chain();
        ServerIdentity upgraded = new ServerIdentity(99, 18, 202506291, TestPlace.SIZE, PAGE);
        time.advance(Duration.ofHours(2));
        from.upgrade(upgraded);
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        copy(from, to, Optional.empty());

        assertThat(to.incarnations()).extracting(Incarnation::identity).containsExactly(TestPlace.SERVER, upgraded);
    }
}
