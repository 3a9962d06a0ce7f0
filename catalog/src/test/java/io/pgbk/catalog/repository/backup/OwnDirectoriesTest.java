package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whose directories are used is asked of the file system, not of what can be done with them. */
class OwnDirectoriesTest {
    private static final int USER = 1000;

    @TempDir
    private Path base;

    @Test
    void theUserOfThisProcessIsTheOwnerOfWhatItMakes() throws IOException {
        assertThat(Files.getAttribute(Files.createFile(base.resolve("file")), "unix:uid"))
                .isEqualTo(OwnDirectories.thisUser());
    }

    @ParameterizedTest
    @CsvSource({
        // whose, mode, is safe
        "1000, 0700, true",
        "1000, 0755, true",
        "1000, 0770, true",
        "1000, 0775, true",
        "1000, 0777, false",
        "1000, 0702, false",
        "1000, 1777, true",
        "0,    0755, true",
        "0,    1777, true",
        "0,    1770, true",
        "0,    0777, false",
        "0,    0770, false",
        "1001, 0700, false",
        "1001, 0755, false",
        "1001, 0777, false",
        "1001, 1777, false"
    })
    void nobodyElseCanExchangeWhatIsInASafeBase(int owner, String mode, boolean safe) {
        OwnDirectories directories = new OwnDirectories(base, List.of("a"), USER);

        assertThat(directories.isSafeBase(new OwnDirectories.Facts(owner, 0040000 | Integer.parseInt(mode, 8))))
                .isEqualTo(safe);
    }

    @Test
    void whatBelongsToAnotherUserIsRefusedWhateverItsMode() throws IOException {
        OwnDirectories others = new OwnDirectories(base, List.of("a"), OwnDirectories.thisUser() + 1);
        for (String mode : List.of("rwx------", "rwxrwxrwx")) {
            Path directory = Files.createDirectory(base.resolve(mode));
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));

            assertThatThrownBy(() -> others.isOwn(directory))
                    .hasMessage(directory + ": it belongs to "
                            + Files.getOwner(directory).getName() + ", not to the user of this process");
            assertThat(Files.getPosixFilePermissions(directory)).isEqualTo(PosixFilePermissions.fromString(mode));
        }
        assertThat(others.isOwn(base.resolve("absent"))).isFalse();
    }

    @Test
    void directoriesAreMadeOnlyWhenThatIsWanted() throws IOException {
        OwnDirectories own = OwnDirectories.ofThisProcess(base, List.of("a", "b", "c"));
        assertThat(own.arePresent()).isFalse();
        assertThat(base).isEmptyDirectory();

        own.make();
        own.make();

        assertThat(own.arePresent()).isTrue();
        assertThat(own.innermost()).isEqualTo(base.resolve("a/b/c")).isEmptyDirectory();
        Files.delete(own.innermost());
        assertThat(own.arePresent()).isFalse();
    }

    @Test
    void anAbsentBaseIsNamed() {
        Path absent = base.resolve("absent");

        assertThatThrownBy(
                        () -> OwnDirectories.ofThisProcess(absent, List.of("a")).make())
                .hasMessage(absent + ": no such file or directory");
        assertThat(absent).doesNotExist();
    }
}
