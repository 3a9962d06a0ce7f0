package io.pgbk.restore.get;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileFailure;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * The file that PostgreSQL wants: written beside it under another name, made durable, and renamed only when its content
 * was proved. Whatever fails, nothing is left.
 */
final class WalDestination {
    private static final String TEMPORARY = ".pgbk-get-";

    private final Path file;

    WalDestination(Path file) {
        this.file = file;
    }

    /**
     * Delivers.
     *
     * @param content writes the content and returns its length; it throws unless all of it is right
     * @param expectedBytes the only right length, or -1
     */
    long deliver(ToLongFunction<OutputStream> content, long expectedBytes) {
        Path folder = file.getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "destination " + FileNames.display(file) + " is a directory",
                    "restore_command passes %p as the destination.");
        }
        Path temporary = folder.resolve(
                TEMPORARY + file.getFileName() + "-" + ProcessHandle.current().pid());
        try {
            try {
                removeLeftovers(folder);
                long length = write(temporary, content);
                if (expectedBytes >= 0 && length != expectedBytes) {
                    throw new PgbkException(
                            ErrorCode.OBJECT_DAMAGED,
                            "the archived file has " + length + " bytes instead of " + expectedBytes);
                }
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
                try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
                    directory.force(true);
                }
                return length;
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (UncheckedIOException e) {
            throw failed(Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private PgbkException failed(IOException cause) {
        return new PgbkException(
                ErrorCode.TARGET_UNSUITABLE,
                "writing " + FileNames.display(file) + " failed: " + FileFailure.reason(cause),
                "Check space and permissions of its directory.",
                cause);
    }

    private static long write(Path temporary, ToLongFunction<OutputStream> content) throws IOException {
        try (FileChannel channel = FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            long length = content.applyAsLong(Channels.newOutputStream(channel));
            channel.force(true);
            if (channel.size() != length) {
                throw new PgbkException(
                        ErrorCode.OBJECT_DAMAGED, "got " + channel.size() + " bytes of " + length + " bytes");
            }
            return length;
        }
    }

    /** What killed processes left; that of living ones stays. */
    private void removeLeftovers(Path folder) throws IOException {
        String prefix = TEMPORARY + file.getFileName() + "-";
        try (var names = Files.newDirectoryStream(
                folder, path -> String.valueOf(path.getFileName()).startsWith(prefix))) {
            for (Path name : names) {
                String pid = String.valueOf(name.getFileName()).substring(prefix.length());
                boolean own = pid.equals(Long.toString(ProcessHandle.current().pid()));
                if (own
                        || (pid.matches("[0-9]{1,10}")
                                && ProcessHandle.of(Long.parseLong(pid)).isEmpty())) {
                    Files.deleteIfExists(name);
                }
            }
        }
    }
}
