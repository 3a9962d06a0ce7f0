package io.pgbk.catalog.repository.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Copies of what is damaged, and copies to where an interrupted copy left what cannot be removed. */
class CopyDamageTest extends CopySite {
    @Test
    void aDamagedBackupIsNotCopiedNorWhatIsBuiltOnItAndTheOthersAre() throws IOException {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        ObjectInfo pack = from.repository()
                .store()
                .list(RepositoryLayout.packFolder(TestPlace.CLUSTER, chain.getFirst()), "")
                .next();
        try (RandomAccessFile file = new RandomAccessFile(
                place("from").directory().resolve(pack.key()).toFile(), "rw")) {
            file.seek(pack.length() / 2);
            int old = file.read();
            file.seek(pack.length() / 2);
            file.write(old ^ 4);
        }
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport report = copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(other);
        assertThat(report.failures()).hasSize(2);
        assertThat(report.failures().getFirst().code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
        assertThat(report.failures().getFirst()).hasMessageContaining(pack.key());
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void aBackupWhoseSummaryCannotBeReadIsNamedAndTheOthersAreCopied() throws IOException {
        Label first = SmallBackup.take(from);
        Label second = SmallBackup.take(from, Lsn.parse("0/100800"));
        damageSummary(second);
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport report = copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(first);
        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }

    @Test
    void aChainWhoseFullsSummaryCannotBeReadIsLeftOutWithOneFailureForEachLinkAndTheRestIsCopied() throws IOException {
        Label full = SmallBackup.take(from);
        Label first = SmallBackup.take(from, Lsn.parse("0/100400"), Optional.of(full));
        Label second = SmallBackup.take(from, Lsn.parse("0/100600"), Optional.of(first));
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        from.wal(from.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
        damageSummary(full);
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport planned = new RepositoryCopy(from, to)
                .run(new RepositoryCopy.Request(Optional.empty(), 1, true), TaskMonitor.SILENT);
        CopyReport report = copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(other);
        assertThat(report.walSegments()).isEqualTo(2);
        for (CopyReport one : List.of(planned, report)) {
            assertThat(one.failures())
                    .extracting(PgbkException::code)
                    .containsExactly(ErrorCode.OBJECT_DAMAGED, ErrorCode.OBJECT_MISSING, ErrorCode.OBJECT_MISSING);
            assertThat(one.backups())
                    .filteredOn(backup -> backup.state() == CopyReport.State.FAILED)
                    .extracting(CopyReport.CopiedBackup::label)
                    .containsExactly(second, first);
        }
        RepositoryChecker.assertSound(to.repository());
        // Whoever asks for just such a backup is told at once.
        assertThatThrownBy(() -> copy(from, to, Optional.of(first)))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_MISSING));
    }

    private void damageSummary(Label label) throws IOException {
        Path summary = place("from").directory().resolve(RepositoryLayout.backup(TestPlace.CLUSTER, label));
        byte[] content = Files.readAllBytes(summary);
        content[content.length / 2] ^= 1;
        Files.delete(summary);
        Files.write(summary, content);
    }

    /** A copy whose manifests cannot be removed dies behind the first of them; returns the place. */
    private TestPlace interruptedWithLockedManifests(Label first) throws IOException {
        TestPlace place = place("locked");
        place.initialise(TestPlace.encrypted(1)).close();
        FaultyStore store = place.store();
        store.dieAtStoring(key -> key.startsWith("clusters/main/wal/"));
        try (Repository dying = place.open(store, "dying")) {
            assertThatThrownBy(() -> copy(from, new ClusterCatalog(dying, TestPlace.CLUSTER), Optional.empty()))
                    .isInstanceOfSatisfying(
                            PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE));
        }
        assertThat(manifests(place, first)).hasSize(1);
        time.advance(Duration.ofMinutes(5));
        return place;
    }

    /** The manifests that attempts at a copy left, the oldest first. */
    private static List<Path> manifests(TestPlace place, Label label) throws IOException {
        try (Stream<Path> files =
                Files.list(place.directory().resolve(RepositoryLayout.manifestFolder(TestPlace.CLUSTER, label)))) {
            return files.sorted().toList();
        }
    }

    private static FaultyStore withLockedManifests(TestPlace place) {
        FaultyStore store = place.store();
        store.refuseToDelete(key -> RepositoryLayout.parse(key) instanceof RepositoryObject.Manifest);
        return store;
    }

    @Test
    void hazardAnInterruptedCopyGoesOnWhereItsManifestIsLocked() throws IOException {
        List<Label> chain = chain();
        from.wal(from.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
        TestPlace place = interruptedWithLockedManifests(chain.getFirst());
        byte[] left = Files.readAllBytes(manifests(place, chain.getFirst()).getFirst());

        try (Repository next = place.open(withLockedManifests(place), "next")) {
            ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
            CopyReport report = copy(from, to, Optional.empty());

            assertThat(report.failures()).isEmpty();
            assertThat(report.walSegments()).isEqualTo(2);
            assertThat(labels(to)).containsExactlyElementsOf(chain);
            assertThat(manifests(place, chain.getFirst())).hasSize(2);
            assertThat(Files.readAllBytes(manifests(place, chain.getFirst()).getFirst()))
                    .isEqualTo(left);
            assertThat(to.backups().require(chain.getFirst()).packs())
                    .allSatisfy(pack -> assertThat(pack.usedBytes()).isPositive());
            for (Label label : chain) {
                assertThat(assemble(to, label)).isEqualTo(assemble(from, label));
            }
            RepositoryChecker.assertSound(next);
        }
    }

    @Test
    void aLockedManifestThatIsNotTheCopysKeepsNothingFromBeingCopied() throws IOException {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        TestPlace place = interruptedWithLockedManifests(other);
        // Packs that were written anew have other salts, and the manifest does not name them.
        Path packs = place.directory().resolve(RepositoryLayout.packFolder(TestPlace.CLUSTER, other));
        try (Stream<Path> files = Files.walk(packs)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }

        try (Repository next = place.open(withLockedManifests(place), "next")) {
            ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
            CopyReport report = copy(from, to, Optional.empty());

            assertThat(report.failures()).isEmpty();
            assertThat(report.walSegments()).isEqualTo(1);
            assertThat(labels(to)).containsAll(chain).contains(other);
            assertThat(manifests(place, other)).hasSize(2);
            RepositoryChecker.assertSound(next);
        }
    }
}
