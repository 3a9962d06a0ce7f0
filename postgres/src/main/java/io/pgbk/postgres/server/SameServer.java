package io.pgbk.postgres.server;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Proves that the server behind a connection is the one whose files are in a directory of this machine.
 *
 * <p>A standby on another machine has the same system identifier and often the same path, so these do not suffice: the
 * running postmaster must be the one of the directory's postmaster.pid.
 */
public final class SameServer {
    private static final int PID_FILE_BYTES = 8192;
    // The postmaster notes its start in the file at once, and reports the moment at which it had set itself up.
    private static final Duration START_UP = Duration.ofMinutes(5);
    private static final Duration ROUNDING = Duration.ofSeconds(2);

    private SameServer() {}

    /**
     * Compares the system identifier, the directory's path, and the postmaster's process (where the process table shows
     * it) and start time.
     *
     * @throws PgbkException with code OTHER_CLUSTER when the directory belongs to another cluster, POSTGRES_UNSUITABLE
     *     when it is unreadable, no data directory, or another server (a standby of the same cluster) runs in it
     */
    public static void prove(PostgresConnection connection, ServerFacts facts, Path dataDirectory) {
        String here = FileNames.display(dataDirectory);
        try {
            long identifier = systemIdentifier(dataDirectory);
            if (identifier != facts.systemIdentifier()) {
                throw new PgbkException(
                        ErrorCode.OTHER_CLUSTER,
                        "the data directory " + here + " has system identifier " + Long.toUnsignedString(identifier)
                                + ", the server at " + connection.config().address() + " has "
                                + facts.systemIdentifierText(),
                        "Correct data-directory, host or port in the configuration.");
            }
            if (!Files.isSameFile(dataDirectory, facts.dataDirectory())) {
                throw otherServer(
                        connection, here, "its data directory is " + FileNames.display(facts.dataDirectory()));
            }
            PidFile pidFile = PidFile.read(dataDirectory);
            proveProcess(connection, facts, here, pidFile);
        } catch (NoSuchFileException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE,
                    here + " is not the data directory of the running server: there is no "
                            + FileNames.display(String.valueOf(e.getFile())),
                    "pgbk must run on the server's own machine, with its data directory configured.",
                    e);
        } catch (AccessDeniedException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "the user " + System.getProperty("user.name") + " may not read "
                            + FileNames.display(String.valueOf(e.getFile())),
                    "Run pgbk as the operating-system user of the database.",
                    e);
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE, "cannot read " + here + ": " + e.getMessage(), null, e);
        }
    }

    /** The first eight bytes of pg_control, which never change. */
    private static long systemIdentifier(Path dataDirectory) throws IOException {
        try (InputStream in =
                Files.newInputStream(dataDirectory.resolve("global").resolve("pg_control"))) {
            byte[] bytes = in.readNBytes(Long.BYTES);
            if (bytes.length < Long.BYTES) {
                throw new IOException("global/pg_control is too short");
            }
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        }
    }

    private static void proveProcess(PostgresConnection connection, ServerFacts facts, String here, PidFile pidFile) {
        Duration apart = Duration.between(pidFile.started(), facts.startTime());
        if (apart.compareTo(ROUNDING.negated()) < 0 || apart.compareTo(START_UP) > 0) {
            throw otherServer(
                    connection, here, "it started at " + facts.startTime() + ", the one there at " + pidFile.started());
        }
        if (!connection.config().usesUnixSocket()) {
            return;
        }
        // Where the session's process can be seen (same process name space), its parent is the postmaster.
        long backend = connection.query("ask for the session's process", jdbc -> {
            try (Statement statement = jdbc.createStatement();
                    ResultSet result = statement.executeQuery("select pg_backend_pid()")) {
                result.next();
                return result.getLong(1);
            }
        });
        ProcessHandle.of(backend).flatMap(ProcessHandle::parent).ifPresent(parent -> {
            if (isPostmaster(pidFile.pid()) && parent.pid() != pidFile.pid() && isPostmaster(parent.pid())) {
                throw otherServer(
                        connection, here, "its process is " + parent.pid() + ", the one there " + pidFile.pid());
            }
        });
    }

    private static boolean isPostmaster(long pid) {
        return ProcessHandle.of(pid)
                .flatMap(process -> process.info().command())
                .map(command -> command.endsWith("postgres") || command.endsWith("postmaster"))
                .orElse(false);
    }

    private static PgbkException otherServer(PostgresConnection connection, String here, String difference) {
        return new PgbkException(
                ErrorCode.POSTGRES_UNSUITABLE,
                "the server at " + connection.config().address() + " is not the one that runs in " + here + ": "
                        + difference,
                "Correct data-directory, host or port in the configuration: pgbk reads the files of the server that it"
                        + " talks to.");
    }

    /** The lines of postmaster.pid that matter (PostgreSQL's utils/pidfile.h). */
    private record PidFile(long pid, Instant started) {
        static PidFile read(Path dataDirectory) throws IOException {
            try (InputStream in = Files.newInputStream(dataDirectory.resolve("postmaster.pid"))) {
                List<String> lines = new String(in.readNBytes(PID_FILE_BYTES), StandardCharsets.ISO_8859_1)
                        .lines()
                        .toList();
                if (lines.size() < 3) {
                    throw new IOException("postmaster.pid is incomplete");
                }
                return new PidFile(
                        Long.parseLong(lines.get(0).strip()),
                        Instant.ofEpochSecond(Long.parseLong(lines.get(2).strip())));
            } catch (NumberFormatException e) {
                throw new IOException("postmaster.pid is malformed", e);
            }
        }
    }
}
