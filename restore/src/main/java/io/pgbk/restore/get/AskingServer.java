package io.pgbk.restore.get;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PgControl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The server for which a file is fetched, as far as the file system tells: PostgreSQL calls restore_command in its data
 * directory, others (pg_rewind, Patroni) from elsewhere with a destination in {@code pg_wal}.
 *
 * @param directory its data directory; empty when none can be seen
 * @param mode what the server does
 */
public record AskingServer(Optional<Path> directory, Mode mode) {
    private static final int CONTROL_READS = 5;

    /** What the server does; it decides what a missing file means. */
    public enum Mode {
        /** It recovers to a target or to the end of the archive, or nothing is known about it. */
        RECOVERY,
        /** It is a standby: it asks again and again. */
        STANDBY
    }

    /**
     * Finds the server.
     *
     * @param workingDirectory of this process
     * @param destination absolute
     */
    public static AskingServer find(Path workingDirectory, Path destination) {
        Path folder = destination.getParent();
        Path grandparent = folder == null ? null : folder.getParent();
        List<Path> candidates = Stream.of(Optional.of(workingDirectory), Optional.ofNullable(grandparent))
                .flatMap(Optional::stream)
                .filter(AskingServer::isDataDirectory)
                .toList();
        if (candidates.isEmpty()) {
            return new AskingServer(Optional.empty(), Mode.RECOVERY);
        }
        Path directory = candidates.getFirst();
        return new AskingServer(
                Optional.of(directory),
                Files.exists(directory.resolve("standby.signal")) ? Mode.STANDBY : Mode.RECOVERY);
    }

    private static boolean isDataDirectory(Path path) {
        return Files.isRegularFile(path.resolve("PG_VERSION"))
                || Files.isRegularFile(path.resolve("global/pg_control"));
    }

    /**
     * The system identifier in the server's pg_control; empty when there is none to see.
     *
     * @throws PgbkException as {@link PgControl#parse}, when the file cannot be read
     */
    Optional<Long> systemIdentifier() {
        if (directory.isEmpty()) {
            return Optional.empty();
        }
        Path control = directory.get().resolve("global/pg_control");
        for (int read = 1; ; read++) {
            try {
                if (!Files.isRegularFile(control)) {
                    return Optional.empty();
                }
                if (Files.size(control) != PgControl.FILE_BYTES) {
                    throw new PgbkException(
                            ErrorCode.OBJECT_DAMAGED, control + " has " + Files.size(control) + " bytes");
                }
                return Optional.of(PgControl.parse(Files.readAllBytes(control)).systemIdentifier());
            } catch (PgbkException e) {
                // The server may be writing it right now.
                if (read == CONTROL_READS) {
                    throw e;
                }
            } catch (IOException e) {
                throw new PgbkException(
                        ErrorCode.POSTGRES_UNSUITABLE,
                        control + " cannot be read: " + e.getMessage(),
                        "Run archive-get as the server's user.",
                        e);
            }
        }
    }
}
