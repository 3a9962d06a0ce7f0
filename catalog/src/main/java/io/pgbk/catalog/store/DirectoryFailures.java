package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What an {@link IOException} of a directory store means to people. */
final class DirectoryFailures {
    /** A file system with less than this is full, whatever language its error message is in. */
    private static final long FULL_BELOW_BYTES = 1 << 20;

    private DirectoryFailures() {}

    /**
     * @param root directory of the store
     * @param action what failed, for example {@code create object wal/1}
     */
    static PgbkException of(Path root, String action, IOException cause) {
        String message = String.valueOf(cause.getMessage());
        String lower = message.toLowerCase(Locale.ROOT);
        String text = "cannot " + action + " in file://" + root + ": "
                + cause.getClass().getSimpleName() + ": " + message;
        if (cause instanceof ClosedByInterruptException
                || Thread.currentThread().isInterrupted()) {
            return new PgbkException(ErrorCode.INTERRUPTED, text, null, cause);
        }
        if (!Files.isDirectory(root)) {
            return missingRoot(root);
        }
        if (lower.contains("no space left") || lower.contains("quota exceeded") || isFull(root)) {
            return new PgbkException(
                    ErrorCode.NO_SPACE,
                    text,
                    "Make room on the file system of the repository, then run it again.",
                    cause);
        }
        if (cause instanceof AccessDeniedException
                || lower.contains("operation not permitted")
                || lower.contains("read-only file system")) {
            return new PgbkException(
                    ErrorCode.PERMISSION_DENIED,
                    text,
                    "The operating system's user that runs pgbk must be able to read and write the whole directory.",
                    cause);
        }
        return new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, text, null, cause);
    }

    static PgbkException missingRoot(Path root) {
        return new PgbkException(
                ErrorCode.REPOSITORY_NOT_INITIALISED,
                "directory " + root + " does not exist",
                "Is its file system mounted? For a new repository make the directory first; pgbk does not, so that an"
                        + " unmounted file system is not taken for an empty repository.");
    }

    private static boolean isFull(Path root) {
        try {
            return Files.getFileStore(root).getUsableSpace() < FULL_BELOW_BYTES;
        } catch (IOException e) {
            return false;
        }
    }
}
