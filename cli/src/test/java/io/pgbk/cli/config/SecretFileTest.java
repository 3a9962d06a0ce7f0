package io.pgbk.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretFileTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "r--------"})
    void aFileOfItsOwnerIsRead(String mode) throws IOException {
        assertThat(SecretFile.read(file("geheim\n", mode), "key"))
                .isEqualTo("geheim\n".getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r--r--", "rw----r--", "rw-----w-", "rw-rw-rw-"})
    void aFileThatOthersMayUseIsRefused(String mode) throws IOException {
        Path file = file("geheim", mode);

        assertThatThrownBy(() -> SecretFile.read(file, "encryption.key-file"))
                .isInstanceOf(PgbkException.class)
                .hasMessageContaining("encryption.key-file: " + file + " has mode")
                .hasMessageContaining("everybody")
                .hasMessageNotContaining("geheim");
    }

    @Test
    void aGroupIsAcceptedOnlyWhenRootOwnsTheFile() throws IOException {
        Path file = file("geheim", "rw-r-----");
        boolean root = Files.getAttribute(file, "unix:uid").equals(0);
        if (root) {
            assertThat(SecretFile.read(file, "key")).hasSize(6);
            assumeThat(setOwner(file)).as("this user may give files away").isTrue();
        }

        assertThatThrownBy(() -> SecretFile.read(file, "key")).hasMessageContaining("its group may use it");
    }

    @Test
    void theFirstLineIsTakenWithoutItsEnd() throws IOException {
        assertThat(SecretFile.readLine(file("one\r\ntwo\n", "rw-------"), "key"))
                .isEqualTo("one".getBytes(StandardCharsets.UTF_8));
        Path blank = file("\ntwo", "rw-------");
        assertThatThrownBy(() -> SecretFile.readLine(blank, "key")).hasMessageContaining("is empty");
    }

    @Test
    void emptyMissingAndHugeFilesAreRefused() throws IOException {
        Path empty = file("", "rw-------");
        Path huge = file("x".repeat(9000), "rw-------");

        assertThatThrownBy(() -> SecretFile.read(empty, "key")).hasMessageContaining("is empty");
        assertThatThrownBy(() -> SecretFile.read(huge, "key")).hasMessageContaining("too long");
        assertThatThrownBy(() -> SecretFile.read(directory.resolve("absent"), "key"))
                .hasMessageContaining("does not exist");
    }

    private static boolean setOwner(Path file) {
        try {
            Files.setAttribute(file, "unix:uid", 12345);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private Path file(String content, String mode) throws IOException {
        Path file = Files.createTempFile(directory, "secret", "");
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        return file;
    }
}
