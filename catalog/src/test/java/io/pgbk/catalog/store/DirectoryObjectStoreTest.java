package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryObjectStoreTest extends ObjectStoreContract {
    @TempDir
    private Path directory;

    private Path root = Path.of("");

    @Override
    ObjectStore openStore(String emptyPrefix) {
        root = directory.resolve(emptyPrefix);
        try {
            Files.createDirectories(root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ObjectStores.open(new DirectoryStoreConfig(root));
    }

    @Override
    String unfinishedUploads(String usedPrefix) {
        try (Stream<Path> files = Files.list(root)) {
            return String.join(" ", files.map(Path::toString).toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void onlyTheOwnerCanReadObjectsAndDirectories() throws IOException {
        store.create("a/b", body("x"));

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("a/b"))))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("a"))))
                .isEqualTo("rwx------");
    }

    @Test
    void aConfiguredGroupCanReadAndWrite() throws IOException {
        String group = Files.getAttribute(root, "posix:group").toString();
        try (ObjectStore shared = ObjectStores.open(new DirectoryStoreConfig(root, group))) {
            shared.create("a/b", body("x"));
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("a/b"))))
                .isEqualTo("rw-rw----");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("a"))))
                .isEqualTo("rwxrwx---");
        assertFails(
                ErrorCode.CONFIGURATION, () -> ObjectStores.open(new DirectoryStoreConfig(root, "no-such-group-here")));
    }

    @Test
    void aMissingDirectoryIsNotMadeAndNotTakenForAnEmptyRepository() throws IOException {
        Path missing = directory.resolve("missing");
        assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> ObjectStores.open(new DirectoryStoreConfig(missing)));

        Files.createDirectory(missing);
        try (ObjectStore vanished = ObjectStores.open(new DirectoryStoreConfig(missing))) {
            Files.delete(missing);
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> vanished.findLength("key"));
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> vanished.readAll("key", 1));
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> vanished.create("a/b", body("x")));
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> vanished.list("", ""));
            assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> vanished.delete(List.of("key")));
        }
    }

    @Test
    void leftoversOfKilledWritersAreInvisibleAndGoAwayAfterDays() throws IOException {
        Path old = Files.createFile(root.resolve(".pgbk-tmp-old"));
        Path young = Files.createFile(root.resolve(".pgbk-tmp-young"));
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(8))));

        assertThat(store.list("", "")).isExhausted();
        assertThat(store.listChildren("")).isEmpty();
        try (ObjectUpload upload = store.upload("key")) {
            upload.complete();
        }
        assertThat(old).doesNotExist();
        assertThat(young).exists();
        assertThat(store.listChildren("")).containsExactly("key");
    }

    @Test
    void symbolicLinksBelowTheRootAreNotFollowed() throws IOException {
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Files.writeString(outside.resolve("secret"), "secret");
        Files.createSymbolicLink(root.resolve("link"), outside);
        Files.createSymbolicLink(root.resolve("file"), outside.resolve("secret"));

        assertFails(ErrorCode.STORE_UNSAFE, () -> store.readAll("link/secret", 100));
        assertFails(ErrorCode.STORE_UNSAFE, () -> store.create("link/new", body("x")));
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> store.readAll("file", 100));
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> store.create("file", body("x")));
        assertThat(store.list("", "")).isExhausted();
        assertThat(store.list("link/", "")).isExhausted();
        assertThat(store.delete(List.of("file"))).isEmpty();
        assertThat(outside.resolve("secret")).hasContent("secret");
        Files.delete(root.resolve("link"));
    }

    @Test
    void theRootItselfMayBeASymbolicLink() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link-to-root"), root);
        try (ObjectStore linked = ObjectStores.open(new DirectoryStoreConfig(link))) {
            linked.create("key", body("x"));
        }
        assertThat(store.findLength("key")).hasValue(1);
    }

    @Test
    void aFileThatShrinksWhileItIsReadIsDamage() throws IOException {
        store.create("key", new BytesBody(new byte[1000]));
        try (java.io.InputStream in = store.read("key", 0, 1000)) {
            assertThat(in.readNBytes(100)).hasSize(100);
            Files.write(root.resolve("key"), new byte[500]);
            assertFails(ErrorCode.OBJECT_DAMAGED, in::readAllBytes);
        }
    }

    @Test
    void aDirectoryWhereAnObjectShouldBeIsNoObject() throws IOException {
        Files.createDirectories(root.resolve("a/b"));

        assertThat(store.findLength("a/b")).isEmpty();
        assertThat(store.listChildren("")).isEmpty();
        assertThat(store.list("", "")).isExhausted();
        assertThat(store.create("a/b/c", body("x"))).isEqualTo(CreateOutcome.CREATED);
    }

    @Test
    void anUploadNeverReplacesAFinishedObject() {
        try (ObjectUpload upload = store.upload("key")) {
            upload.write(ByteBuffer.wrap(new byte[10]));
            store.create("key", body("first"));
            assertFails(ErrorCode.HELD_BY_ANOTHER, upload::complete);
        }
        assertThat(store.readAll("key", 10)).hasSize(5);
    }

    @Test
    void aFullFileSystemIsSaidToBeFull() {
        for (String reason : List.of("No space left on device", "Disk quota exceeded")) {
            PgbkException failure =
                    DirectoryFailures.of(root, "create object x", new FileSystemException("f", null, reason));
            assertThat(failure.code()).isEqualTo(ErrorCode.NO_SPACE);
            assertThat(failure.hint()).isNotNull();
        }
    }

    @Test
    void aDeviceThatIsFullFailsTheCreationAndLeavesNothingVisible() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        Process mount = new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", small.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        org.junit.jupiter.api.Assumptions.assumeTrue(
                mount.waitFor() == 0, "NOT TESTED: a really full file system, mount needs root");
        try (ObjectStore full = ObjectStores.open(new DirectoryStoreConfig(small))) {
            assertThat(full.create("fits", body("x"))).isEqualTo(CreateOutcome.CREATED);
            assertFails(ErrorCode.NO_SPACE, () -> full.create("big", new BytesBody(new byte[1 << 20])));
            try (ObjectUpload upload = full.upload("bigger")) {
                assertFails(ErrorCode.NO_SPACE, () -> upload.write(ByteBuffer.wrap(new byte[1 << 20])));
            }
            assertThat(full.list("", "")).toIterable().containsExactly(new ObjectInfo("fits", 1));
            assertThat(full.create("small", body("x"))).isEqualTo(CreateOutcome.CREATED);
        } finally {
            assertThat(new ProcessBuilder("umount", small.toString()).start().waitFor())
                    .isZero();
        }
    }

    @Test
    void aDirectoryWithoutRightsIsDenied() {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> {
                    throw DirectoryFailures.of(root, "read", new java.nio.file.AccessDeniedException("x"));
                })
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PERMISSION_DENIED));
    }
}
