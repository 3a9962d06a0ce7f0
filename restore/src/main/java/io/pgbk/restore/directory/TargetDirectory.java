package io.pgbk.restore.directory;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** What is in the directory that a restore wants to write into, and whether it may. Reads only. */
public final class TargetDirectory {
    /** Under this name pg_control waits, out of PostgreSQL's sight, while a restore runs. */
    public static final String HIDDEN_CONTROL = "global/pg_control.pgbk-restore";

    private static final int CONTROL_BYTES = PgControl.FILE_BYTES;

    private TargetDirectory() {}

    /** What was found. */
    public sealed interface State {
        /** Nothing is there, or an empty directory. */
        record Empty() implements State {}

        /**
         * A PostgreSQL directory.
         *
         * @param control what its pg_control says; empty when a restore was killed before it knew
         * @param unfinished whether it is what a killed restore left
         */
        record Cluster(Optional<PgControl> control, boolean unfinished) implements State {}
    }

    /**
     * Looks at the directory.
     *
     * @param delta whether something may be there
     * @throws PgbkException TARGET_UNSUITABLE: it is no directory, is not empty (without delta), is not recognisably
     *     PostgreSQL's (with delta), or a server runs in it
     */
    public static State inspect(Path directory, boolean delta) {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            requireCreatable(directory);
            return new State.Empty();
        }
        if (!Files.isDirectory(directory)) {
            throw unsuitable(directory, "is not a directory", "Choose another one with --data-directory.");
        }
        refuseRunningServer(directory);
        if (isEmpty(directory)) {
            return new State.Empty();
        }
        if (!delta) {
            throw unsuitable(
                    directory,
                    "is not empty",
                    "Empty it, choose another one, or use --delta to keep what is right in it and replace the rest.");
        }
        return recognise(directory);
    }

    private static void requireCreatable(Path directory) {
        Path above = directory.getParent();
        while (above != null && !Files.exists(above)) {
            above = above.getParent();
        }
        if (above == null || !Files.isDirectory(above) || !Files.isWritable(above)) {
            throw unsuitable(
                    directory,
                    "does not exist, and this user may not create it in "
                            + (above == null ? "/" : FileNames.display(above)),
                    "Make it first, for the server's user only: install -d -m 0700 -o postgres "
                            + FileNames.display(directory) + ".");
        }
    }

    private static State recognise(Path directory) {
        Path hidden = directory.resolve(HIDDEN_CONTROL);
        Path control = directory.resolve("global/pg_control");
        if (Files.isRegularFile(hidden, LinkOption.NOFOLLOW_LINKS)) {
            return new State.Cluster(Optional.of(read(directory, hidden)), true);
        }
        if (Files.isRegularFile(control, LinkOption.NOFOLLOW_LINKS)
                && Files.isRegularFile(directory.resolve("PG_VERSION"), LinkOption.NOFOLLOW_LINKS)) {
            return new State.Cluster(Optional.of(read(directory, control)), false);
        }
        if (isEarliestLeftover(directory)) {
            return new State.Cluster(Optional.empty(), true);
        }
        throw unsuitable(
                directory,
                "is not empty and not recognisably a PostgreSQL data directory (PG_VERSION and global/pg_control)",
                "pgbk removes nothing from such a directory; choose an empty one.");
    }

    /** The first thing a restore makes is the directory {@code global}; it may have been killed right then. */
    private static boolean isEarliestLeftover(Path directory) {
        try (DirectoryStream<Path> names = Files.newDirectoryStream(directory)) {
            for (Path name : names) {
                if (!name.equals(directory.resolve("global")) || !Files.isDirectory(name, LinkOption.NOFOLLOW_LINKS)) {
                    return false;
                }
                try (DirectoryStream<Path> below = Files.newDirectoryStream(name)) {
                    for (Path file : below) {
                        if (!String.valueOf(file.getFileName()).startsWith("pg_control.pgbk-restore")) {
                            return false;
                        }
                    }
                }
            }
            return true;
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private static PgControl read(Path directory, Path control) {
        try {
            if (Files.size(control) != CONTROL_BYTES) {
                throw unsuitable(
                        directory,
                        "has a " + control.getFileName() + " of " + Files.size(control) + " bytes",
                        "Empty the directory and restore without --delta.");
            }
            return PgControl.parse(Files.readAllBytes(control));
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private static boolean isEmpty(Path directory) {
        try (DirectoryStream<Path> names = Files.newDirectoryStream(directory)) {
            return !names.iterator().hasNext();
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private static void refuseRunningServer(Path directory) {
        Path pidFile = directory.resolve("postmaster.pid");
        if (!Files.exists(pidFile, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        String first;
        try {
            // Each byte as a character: only the first line matters, and it is a number.
            String text = new String(Files.readAllBytes(pidFile), java.nio.charset.StandardCharsets.ISO_8859_1);
            first = text.lines().findFirst().orElse("").strip();
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
        if (!first.matches("[0-9]{1,10}")) {
            return;
        }
        long pid = Long.parseLong(first);
        if (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent() && worksIn(pid, directory)) {
            throw unsuitable(
                    directory,
                    "has a running server, process " + pid,
                    "Stop the server first; if it runs in another container, stop it there.");
        }
    }

    /** A number may have been given to another process since; where the system does not say, it counts as a server. */
    private static boolean worksIn(long pid, Path directory) {
        try {
            return Files.readSymbolicLink(Path.of("/proc", Long.toString(pid), "cwd"))
                    .toRealPath()
                    .equals(directory.toRealPath());
        } catch (IOException | UnsupportedOperationException e) {
            return true;
        }
    }

    private static PgbkException unsuitable(Path directory, String why, String hint) {
        return new PgbkException(
                ErrorCode.TARGET_UNSUITABLE, "directory " + FileNames.display(directory) + " " + why, hint);
    }

    private static PgbkException unreadable(Path directory, IOException e) {
        return new PgbkException(
                ErrorCode.TARGET_UNSUITABLE,
                "directory " + FileNames.display(directory) + " cannot be read: " + e.getMessage(),
                "Run pgbk as the user that owns the directory.",
                e);
    }
}
