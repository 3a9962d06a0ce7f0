package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directories and files below the root of a directory store: where a key lies, with which modes, and that no
 * symbolic link below the root is ever followed.
 */
final class DirectoryTree {
    private final Path root;
    private final @Nullable GroupPrincipal group;
    private final Set<PosixFilePermission> fileMode;
    private final Set<PosixFilePermission> directoryMode;

    DirectoryTree(Path root, @Nullable GroupPrincipal group) {
        this.root = root;
        this.group = group;
        fileMode = PosixFilePermissions.fromString(group == null ? "rw-------" : "rw-rw----");
        directoryMode = PosixFilePermissions.fromString(group == null ? "rwx------" : "rwxrwx---");
    }

    Path root() {
        return root;
    }

    /** What may be given to a file when it is made; {@link #share} completes it. */
    FileAttribute<Set<PosixFilePermission>> fileAttribute() {
        return PosixFilePermissions.asFileAttribute(fileMode);
    }

    /** Gives a new file to the group, when there is one, whatever the process's umask. */
    void share(Path file) throws IOException {
        share(file, fileMode);
    }

    private void share(Path path, Set<PosixFilePermission> mode) throws IOException {
        if (group != null) {
            PosixFileAttributeView view =
                    Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
            view.setGroup(group);
            view.setPermissions(mode);
        }
    }

    /**
     * The path of a key.
     *
     * @throws PgbkException STORE_UNSAFE when a directory on the way is a symbolic link
     */
    Path resolve(String key) throws IOException {
        Path path = root;
        int start = 0;
        for (int slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', start)) {
            path = path.resolve(key.substring(start, slash));
            if (isSymbolicLink(path)) {
                throw new PgbkException(
                        ErrorCode.STORE_UNSAFE,
                        path + " is a symbolic link inside of a repository",
                        "Links below the repository's directory are not followed; move the data, or link the"
                                + " repository's directory as a whole.");
            }
            start = slash + 1;
        }
        return path.resolve(key.substring(start));
    }

    private static boolean isSymbolicLink(Path path) throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isSymbolicLink();
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Makes the directories above a path below the root, durable each in the one above it. */
    void makeParents(Path path) throws IOException {
        Path parent = parent(path);
        if (parent.equals(root) || Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        makeParents(parent);
        try {
            Files.createDirectory(parent, PosixFilePermissions.asFileAttribute(directoryMode));
            share(parent, directoryMode);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
                throw e;
            }
        }
        sync(parent(parent));
    }

    /** Removes the directories above a removed path that are empty now, as far up as they are. */
    void pruneParents(Path path) throws IOException {
        for (Path parent = parent(path); !parent.equals(root); parent = parent(parent)) {
            try {
                Files.delete(parent);
            } catch (DirectoryNotEmptyException | NoSuchFileException e) {
                return;
            }
        }
    }

    static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent());
    }

    /** Makes the entries of a directory, or the content of a file, durable. */
    static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            channel.force(true);
        }
    }
}
