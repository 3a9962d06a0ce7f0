package io.pgbk.archiver.push;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.files.FileFailure;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The file that archive_command names, open for reading, with the means to prove that it is still the same file when the
 * reading is over: PostgreSQL recycles segments by renaming and overwriting them.
 */
final class PushedFile implements AutoCloseable {
    private static final String WAL_DIRECTORY = "pg_wal";
    private static final int STEP_BYTES = 1 << 20;

    private final Path path;
    private final WalFileName name;
    private final Identity identity;
    private final FileChannel channel;

    /** What must not change: the inode behind the name, its length and when it was last written. */
    private record Identity(@Nullable Object inode, long size, FileTime modified) {
        static Identity of(Path path) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return new Identity(attributes.fileKey(), attributes.size(), attributes.lastModifiedTime());
        }
    }

    private PushedFile(Path path, WalFileName name, Identity identity, FileChannel channel) {
        this.path = path;
        this.name = name;
        this.identity = identity;
        this.channel = channel;
    }

    /**
     * Opens the file.
     *
     * @param argument what PostgreSQL put in the place of {@code %p}: absolute, or relative to the data directory
     * @param workingDirectory PostgreSQL runs archive_command in the data directory
     * @param dataDirectory where a relative path is looked for when the working directory has no such file (Patroni and
     *     people call from elsewhere); null when not configured
     * @throws PgbkException WAL_INVALID for what is no WAL file, USAGE when archive_command passes something else than
     *     the path
     */
    static PushedFile open(String argument, Path workingDirectory, @Nullable Path dataDirectory) {
        Path given = parse(argument);
        WalFileName name = nameOf(given);
        Path path = locate(given, workingDirectory, dataDirectory);
        try {
            if (Files.isDirectory(path)) {
                throw new PgbkException(
                        ErrorCode.WAL_INVALID,
                        "'" + FileNames.display(path) + "' is a directory",
                        "archive_command must pass the file: archive_command = 'pgbk archive-push %p'.");
            }
            if (!Files.isRegularFile(path)) {
                throw new PgbkException(
                        ErrorCode.WAL_INVALID, "'" + FileNames.display(path) + "' is not a regular file");
            }
            Identity identity = Identity.of(path);
            if (identity.size() == 0) {
                throw new PgbkException(
                        ErrorCode.WAL_INVALID,
                        "'" + FileNames.display(path) + "' is empty",
                        "PostgreSQL never archives an empty file; check the file system for errors.");
            }
            return new PushedFile(path, name, identity, FileChannel.open(path, StandardOpenOption.READ));
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static Path parse(String argument) {
        try {
            return Path.of(argument);
        } catch (InvalidPathException e) {
            throw new PgbkException(ErrorCode.USAGE, "not a path: '" + FileNames.display(argument) + "'", null, e);
        }
    }

    private static WalFileName nameOf(Path given) {
        Path last = given.getFileName();
        String text = last == null ? "" : last.toString();
        return WalFileName.parse(text)
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.WAL_INVALID,
                        "'" + (last == null ? "" : FileNames.display(last)) + "' is not the name of a WAL file",
                        "archive-push takes segments, .partial, .backup and .history files as PostgreSQL names them."));
    }

    private static Path locate(Path given, Path workingDirectory, @Nullable Path dataDirectory) {
        Path here = workingDirectory.resolve(given);
        if (Files.exists(here)) {
            return here;
        }
        if (dataDirectory != null && given.getNameCount() > 1 && Files.exists(dataDirectory.resolve(given))) {
            return dataDirectory.resolve(given);
        }
        if (given.getNameCount() == 1 && !given.isAbsolute()) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "'" + FileNames.display(given) + "' is a file name, not the path of a file in "
                            + FileNames.display(workingDirectory),
                    "Use %p instead of %f: archive_command = 'pgbk archive-push %p'.");
        }
        throw new PgbkException(
                ErrorCode.WAL_INVALID,
                "'" + FileNames.display(here) + "' does not exist",
                "A relative path is looked for in the current directory and in postgres.data-directory.");
    }

    /** Where the file is. */
    Path path() {
        return path;
    }

    WalFileName name() {
        return name;
    }

    /** The length when it was opened. */
    long size() {
        return identity.size();
    }

    /**
     * Fills the buffer from the position on, as far as the file goes; flips it.
     *
     * @throws PgbkException WAL_INVALID when the file cannot be read
     */
    ByteBuffer read(ByteBuffer buffer, long position) {
        try {
            buffer.clear();
            long at = position;
            while (buffer.hasRemaining()) {
                // Java reads through a buffer of its own of the size that is asked for.
                int got = channel.read(buffer.slice(buffer.position(), Math.min(buffer.remaining(), STEP_BYTES)), at);
                if (got < 0) {
                    break;
                }
                buffer.position(buffer.position() + got);
                at += got;
            }
            return buffer.flip();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /**
     * Proves, after the last reading, that the name still means the file that was opened and that nobody wrote to it.
     *
     * @throws PgbkException WAL_INVALID when it was removed, recycled, resized or written meanwhile
     */
    void requireUnchanged() {
        try {
            Identity now = Identity.of(path);
            if (!now.equals(identity)) {
                throw new PgbkException(
                        ErrorCode.WAL_INVALID,
                        "'" + FileNames.display(path) + "' changed while it was read: " + describe(identity)
                                + " became " + describe(now),
                        "PostgreSQL recycled the file or something else writes to pg_wal; nothing was stored.");
            }
        } catch (NoSuchFileException e) {
            throw new PgbkException(
                    ErrorCode.WAL_INVALID,
                    "'" + FileNames.display(path) + "' vanished while it was read",
                    "PostgreSQL removed or recycled the file; nothing was stored.",
                    e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static String describe(Identity identity) {
        return identity.size() + " bytes of " + identity.modified() + " in " + identity.inode();
    }

    /** The directory in which the file lies: pg_wal, or what Patroni or a person made of it. */
    Path directory() {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalStateException(path + " has no parent");
        }
        return parent;
    }

    /**
     * The data directory that the file belongs to: the folder above a folder called pg_wal, else the configured one if
     * its pg_wal is the file's folder (pg_wal may be a link), if it holds a pg_control.
     */
    Optional<Path> dataDirectory(@Nullable Path configured) {
        Path directory = directory();
        Path above = directory.getParent();
        Path last = directory.getFileName();
        if (above != null && last != null && last.toString().equals(WAL_DIRECTORY) && hasControlFile(above)) {
            return Optional.of(above);
        }
        if (configured == null || !hasControlFile(configured)) {
            return Optional.empty();
        }
        try {
            return Files.isSameFile(directory, configured.resolve(WAL_DIRECTORY))
                    ? Optional.of(configured)
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean hasControlFile(Path directory) {
        return Files.isRegularFile(directory.resolve("global").resolve("pg_control"));
    }

    private static PgbkException unreadable(Path path, IOException cause) {
        return new PgbkException(
                ErrorCode.WAL_INVALID,
                "'" + FileNames.display(path) + "' cannot be read: " + FileFailure.reason(cause),
                "archive-push runs as the operating-system user of the database and must be able to read pg_wal.",
                cause);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }
}
