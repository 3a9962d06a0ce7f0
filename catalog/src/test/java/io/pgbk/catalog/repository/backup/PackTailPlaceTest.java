package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.layout.ClusterName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the cache of packs' indexes is: its directories are its owner's alone, and it can be switched off. */
class PackTailPlaceTest extends PackTailSite {
    @Test
    void repositoriesAndClustersHaveFilesOfTheirOwn() throws IOException {
        KeyRing ring = TestRings.ring(true);
        RepositoryId other = RepositoryId.parse("ff".repeat(RepositoryId.LENGTH));
        PackTailFiles files = files();
        PackTails others = PackTailFiles.in(spool, other, CLUSTER, LIMIT, monitor);
        PackTails neighbours = PackTailFiles.in(spool, TestRings.REPOSITORY, new ClusterName("second"), LIMIT, monitor);
        InMemory writers = new InMemory();
        Written written = write(ring, writers);
        for (PackTails each : List.of(files, others, neighbours)) {
            assertThat(each.find(written.pack)).isEmpty();
            each.keep(written.pack, writers.of(written));
        }
        Path file = onlyFile(files);
        Path elsewhere = onlyFile((PackTailFiles) others);
        assertThat(file.getFileName()).isNotEqualTo(elsewhere.getFileName());

        // Another repository's file under the name that it would have here.
        Files.copy(elsewhere, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(files.find(written.pack)).isEmpty();
        files.keepOnly(List.of());

        assertThat(others.find(written.pack)).isPresent();
        assertThat(neighbours.find(written.pack)).isPresent();
    }

    @Test
    void whateverStandsInTheFilesPlaceThePackIsReadFromTheStore() throws Exception {
        KeyRing ring = TestRings.ring(true);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Path file = onlyFile(files);
        Path moved = Files.move(file, directory.resolve("moved"));

        Files.createSymbolicLink(file, moved);
        assertThat(files.find(written.pack)).isEmpty();
        assertThat(file).doesNotExist();
        assertThat(moved).exists();

        Files.createDirectory(file);
        assertThat(files.find(written.pack)).isEmpty();
        assertThat(file).doesNotExist();

        Files.createDirectory(file);
        Path inside = Files.createFile(file.resolve("inside"));
        assertDigests(ring, files, written);
        files.keepOnly(List.of());
        assertThat(inside).exists();
        assertThat(names(files.directory())).hasSize(1);
        Files.delete(inside);
        Files.delete(file);

        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
        assertThat(files.find(written.pack)).isEmpty();
        assertThat(file).doesNotExist();

        assertDigests(ring, files, written);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assertDigests(ring, files, written);
        assertDigests(ring, files, written);
    }

    @Test
    void aDirectoryThatIsTakenAwayIsAMiss() throws IOException {
        KeyRing ring = TestRings.ring(true);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Files.move(files.directory(), directory.resolve("away"));

        assertDigests(ring, files, written);
        files.keepOnly(List.of(written.pack));
        files.drop(written.pack);
        assertThat(files.directory()).doesNotExist();
    }

    @Test
    void nothingIsKeptWithoutASpoolDirectoryOrWhenItIsSwitchedOff() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThat(in(directory.resolve("none"), LIMIT)).isSameAs(PackTails.NONE);
        assertThat(in(file, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(in(spool, 0)).isSameAs(PackTails.NONE);
        assertThat(names(spool)).isEmpty();
        assertThat(debug).isEmpty();

        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Path link = Files.createSymbolicLink(spool.resolve("digests"), elsewhere);
        assertThat(in(spool, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(names(elsewhere)).isEmpty();
        assertThat(debug).containsExactly("page digests are not kept on this host: " + link + ": it is no directory");
    }

    @Test
    void nothingIsMadeBeforeThereIsSomethingToKeep() throws IOException {
        KeyRing ring = TestRings.ring(true);
        Written written = write(ring, PackTails.NONE);
        PackTails files = in(spool, LIMIT);
        assertThat(files.isOn()).isTrue();
        assertThat(files.find(written.pack)).isEmpty();
        files.drop(written.pack);
        files.keepOnly(List.of(written.pack));
        assertThat(names(spool)).isEmpty();

        assertDigests(ring, files, written);
        assertThat(files.find(written.pack)).isPresent();
        assertThat(debug).isEmpty();
    }

    @Test
    void directoriesThatCannotBeMadeAreSaidOnce() throws IOException {
        KeyRing ring = TestRings.ring(true);
        PackTails files = in(spool, LIMIT);
        Path inTheWay = Files.createFile(spool.resolve("digests"));
        Written written = write(ring, files);
        assertDigests(ring, files, written);
        assertDigests(ring, files, written);

        assertThat(debug)
                .containsExactly("page digests are not kept on this host: " + inTheWay + ": it is no directory");
        assertThat(inTheWay).isEmptyFile();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void whatBelongsToSomebodyElseIsNotUsedThoughRootCould(int level) throws IOException {
        KeyRing ring = TestRings.ring(true);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Path others = spool;
        for (int i = 0; i < level; i++) {
            others = others.resolve(spool.relativize(files.directory()).getName(i));
        }
        assumeThat(giveAway(others)).as("this user may give files away").isTrue();

        assertThat(in(spool, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(in(spool, 0)).isSameAs(PackTails.NONE);
        assertThat(names(files.directory())).hasSize(1);
        assertThat(debug)
                .containsExactly("page digests are not kept on this host: " + others
                        + ": it belongs to 12345, not to the user of this process");
        assertDigests(ring, in(spool, LIMIT), written);
    }

    private static boolean giveAway(Path file) {
        try {
            Files.setAttribute(file, "unix:uid", 12345);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aSpoolDirectoryInWhichOthersCanExchangeDirectoriesIsNotUsed() throws IOException {
        Files.setAttribute(spool, "unix:mode", 0777);
        assertThat(in(spool, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(debug)
                .containsExactly("page digests are not kept on this host: " + spool
                        + ": others may exchange what is in it (mode 777)");

        Files.setAttribute(spool, "unix:mode", 01777);
        PackTails files = in(spool, LIMIT);
        Written written = write(TestRings.ring(true), files);
        assertThat(files.find(written.pack)).isPresent();
    }

    @Test
    void filesAndDirectoriesAreTheirOwnersAlone() throws IOException {
        Path digests = Files.createDirectory(spool.resolve("digests"));
        Files.setPosixFilePermissions(digests, PosixFilePermissions.fromString("rwxrwxrwx"));
        PackTailFiles files = files();
        assertThat(write(TestRings.ring(false), files).frames()).hasSize(FRAMES);

        for (Path at = files.directory(); !at.equals(spool); at = Objects.requireNonNull(at.getParent())) {
            assertThat(mode(at)).isEqualTo("rwx------");
        }
        assertThat(mode(onlyFile(files))).isEqualTo("rw-------");
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void whenItIsSwitchedOffWhatIsThereDoesNotServeAndGoes() throws IOException {
        KeyRing ring = TestRings.ring(true);
        Written written = write(ring, files());
        Path home = files().directory();
        Files.writeString(home.resolve(names(home).getFirst() + ".4711-0123456789abcdef.tmp"), "half");
        PackTails neighbours = PackTailFiles.in(spool, TestRings.REPOSITORY, new ClusterName("second"), LIMIT, monitor);
        Written theirs = write(ring, neighbours, "clusters/second/packs/x/0", 1);

        PackTails off = in(spool, 0);
        assertThat(off.isOn()).isFalse();
        assertThat(off.find(written.pack)).isEmpty();
        off.keep(written.pack, new byte[100]);
        assertThat(names(home)).hasSize(2);
        off.keepOnly(List.of(written.pack));

        assertThat(home).doesNotExist();
        assertThat(neighbours.find(theirs.pack)).isPresent();
        assertThat(in(spool, 0)).isSameAs(PackTails.NONE);
    }

    @Test
    void whenItIsSwitchedOffWhatPgbkDidNotMakeStays() throws IOException {
        write(TestRings.ring(true), files());
        Path home = files().directory();
        Path target = Files.createFile(directory.resolve("target"));
        Files.writeString(home.resolve("something"), "of somebody");
        Files.createSymbolicLink(home.resolve("0".repeat(64)), target);
        Files.createDirectory(home.resolve("1".repeat(64)));

        in(spool, 0).keepOnly(List.of());

        assertThat(names(home)).containsExactly("0".repeat(64), "1".repeat(64), "something");
        assertThat(target).exists();
    }
}
