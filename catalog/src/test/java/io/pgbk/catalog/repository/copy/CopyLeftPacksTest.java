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
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Packs that an interrupted copy left, and that are damaged when the next one finds them. */
class CopyLeftPacksTest extends CopySite {
    /** A copy of a backup dies behind its packs; returns the place. */
    private TestPlace interrupted(Label label) {
        TestPlace place = place("to");
        place.initialise(TestPlace.encrypted(1)).close();
        FaultyStore store = place.store();
        store.dieAtStoring(key -> RepositoryLayout.parse(key) instanceof RepositoryObject.Manifest);
        try (Repository dying = place.open(store, "dying")) {
            assertThatThrownBy(() -> copy(from, new ClusterCatalog(dying, TestPlace.CLUSTER), Optional.of(label)))
                    .isInstanceOfSatisfying(
                            PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE));
        }
        time.advance(Duration.ofMinutes(5));
        return place;
    }

    private static Path firstPack(TestPlace place, Label label) throws IOException {
        try (Stream<Path> files =
                Files.walk(place.directory().resolve(RepositoryLayout.packFolder(TestPlace.CLUSTER, label)))) {
            return files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
    }

    private static void flip(Path object) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(object.toFile(), "rw")) {
            file.seek(file.length() / 2);
            int old = file.read();
            file.seek(file.length() / 2);
            file.write(old ^ 4);
        }
    }

    @Test
    void oneThatIsDamagedIsCopiedAnew() throws IOException {
        List<Label> chain = chain();
        TestPlace place = interrupted(chain.getFirst());
        flip(firstPack(place, chain.getFirst()));

        try (Repository next = place.open("next")) {
            ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
            assertThat(copy(from, to, Optional.empty()).failures()).isEmpty();
            assertThat(labels(to)).containsExactlyElementsOf(chain);
            for (Label label : chain) {
                assertThat(assemble(to, label)).isEqualTo(assemble(from, label));
            }
            RepositoryChecker.assertSound(next);
        }
    }

    @Test
    void oneThatIsDamagedAndCannotBeRemovedKeepsJustItsBackupFromBeingCopiedAndTheMessageSaysUntilWhen()
            throws IOException {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        TestPlace place = interrupted(other);
        Path damaged = firstPack(place, other);
        flip(damaged);
        FaultyStore store = place.store();
        store.refuseToDelete(key -> RepositoryLayout.parse(key) instanceof RepositoryObject.Pack);

        try (Repository next = place.open(store, "next")) {
            ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
            CopyReport report = copy(from, to, Optional.empty());

            assertThat(labels(to)).containsExactlyElementsOf(chain);
            assertThat(report.failures()).singleElement().satisfies(failure -> {
                assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
                assertThat(failure)
                        .hasMessageContaining(
                                place.directory().relativize(damaged).toString())
                        .hasMessageContaining("locked by the test");
                assertThat(failure.hint()).contains("its lock has run out");
            });
            RepositoryChecker.assertSound(next);
        }
    }

    @Test
    void oneThatIsDamagedStaysWhereTheSourceIsDamagedToo() throws IOException {
        Label full = chain().getFirst();
        TestPlace place = interrupted(full);
        Path damaged = firstPack(place, full);
        flip(damaged);
        flip(firstPack(place("from"), full));
        byte[] left = Files.readAllBytes(damaged);

        try (Repository next = place.open("next")) {
            CopyReport report = copy(from, new ClusterCatalog(next, TestPlace.CLUSTER), Optional.of(full));

            assertThat(report.failures())
                    .singleElement()
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
            assertThat(Files.readAllBytes(damaged)).isEqualTo(left);
        }
    }
}
