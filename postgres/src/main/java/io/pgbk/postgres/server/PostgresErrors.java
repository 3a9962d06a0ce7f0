package io.pgbk.postgres.server;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Turns what PostgreSQL or the driver says into an error that tells what to do.
 *
 * <p>The states are those of PostgreSQL's utils/errcodes.txt and of the driver's PSQLState.
 */
final class PostgresErrors {
    private static final Pattern DENIED_FUNCTION = Pattern.compile("permission denied for function (\\w+)");
    private static final Pattern REASON_OF_CLOSE = Pattern.compile("promoted during online backup");

    private PostgresErrors() {}

    static PgbkException connecting(PostgresConfig config, SQLException failure) {
        return new PgbkException(
                code(failure),
                "cannot connect to PostgreSQL at " + config.address() + " as " + config.user() + ": "
                        + firstLine(failure),
                connectHint(config, failure),
                failure);
    }

    static PgbkException running(PostgresConfig config, String what, SQLException failure) {
        return new PgbkException(
                code(failure),
                "cannot " + what + " (PostgreSQL at " + config.address() + "): " + firstLine(failure),
                runHint(config, failure),
                failure);
    }

    private static ErrorCode code(SQLException failure) {
        if (Thread.currentThread().isInterrupted()) {
            return ErrorCode.INTERRUPTED;
        }
        return REASON_OF_CLOSE.matcher(String.valueOf(failure.getMessage())).find()
                ? ErrorCode.ROLE_CHANGED
                : ErrorCode.POSTGRES_UNSUITABLE;
    }

    private static @Nullable String connectHint(PostgresConfig config, SQLException failure) {
        return switch (state(failure)) {
            case "28000" -> authorizationHint(config, failure);
            case "28P01" -> "The password for " + config.user() + " is wrong: correct the password file.";
            case "08004" ->
                firstLine(failure).contains("password")
                        ? "The server asks for a password: configure a password file or PGPASSFILE, or use the Unix"
                                + " socket with peer authentication."
                        : authorizationHint(config, failure);
            case "3D000" -> "Configure a database that exists and that " + config.user() + " may connect to.";
            case "53300" -> "Raise max_connections, or give the role the superuser's reserved connections.";
            case "57P03" ->
                "The server starts, stops or recovers: try again when it accepts connections"
                        + " (on a standby hot_standby must be on).";
            case "08P01" -> "A connection pooler answers there: configure the address of PostgreSQL itself.";
            default -> networkHint(config, failure);
        };
    }

    private static String authorizationHint(PostgresConfig config, SQLException failure) {
        String text = firstLine(failure).toLowerCase(Locale.ROOT);
        if (text.contains("peer")) {
            return "pgbk runs as the operating-system user " + System.getProperty("user.name")
                    + ", and peer authentication lets only the user with the role's name in: run pgbk as "
                    + config.user() + ", or map the user in pg_ident.conf.";
        }
        if (text.contains("pg_hba")) {
            return "Add a line for " + config.user() + " to pg_hba.conf and reload the server.";
        }
        return "The role " + config.user() + " may not log in: check that it exists and has LOGIN.";
    }

    private static @Nullable String networkHint(PostgresConfig config, SQLException failure) {
        Throwable cause = rootCause(failure);
        if (config.usesUnixSocket()) {
            if (!Files.exists(PostgresConnection.socket(config))) {
                return "There is no socket " + config.address()
                        + ": check that the server runs, its port and its unix_socket_directories.";
            }
            if (cause instanceof IOException
                    && String.valueOf(cause.getMessage()).contains("ermission")) {
                return "The user " + System.getProperty("user.name") + " may not enter the socket's directory.";
            }
        }
        return switch (cause) {
            case ConnectException e ->
                "Nothing listens at " + config.address() + ": check that the server runs, the"
                        + " port and listen_addresses (" + e.getMessage() + ").";
            case SocketTimeoutException e ->
                "The server did not answer in time: it may hang or be overloaded (" + e.getMessage() + ").";
            case javax.net.ssl.SSLException e ->
                "The server's certificate could not be verified (" + e.getMessage()
                        + "): configure the authority that signed it, and the host name that it names.";
            default -> null;
        };
    }

    private static @Nullable String runHint(PostgresConfig config, SQLException failure) {
        return switch (state(failure)) {
            case "42501" -> privilegeHint(config, firstLine(failure));
            case "57014" -> "The statement was cancelled, by an administrator or a time limit.";
            case "57P01", "57P02", "57P03" -> "The server was stopped meanwhile: start again when it is back.";
            case "57P05", "25P03", "25P04" ->
                "A time limit of the server ended the session: remove it from the role " + config.user() + ".";
            default -> networkHint(config, failure);
        };
    }

    private static String privilegeHint(PostgresConfig config, String text) {
        Matcher matcher = DENIED_FUNCTION.matcher(text);
        String role = Privileges.quoted(config.user());
        if (matcher.find()) {
            return Privileges.signature(matcher.group(1))
                    .map(signature -> "Run as superuser: GRANT EXECUTE ON FUNCTION " + signature + " TO " + role + ";")
                    .orElseGet(() -> "Grant EXECUTE on " + matcher.group(1) + " to " + role + ".");
        }
        return "Run as superuser: GRANT pg_monitor TO " + role + ";";
    }

    /** The server's sentence without its position and context, which belong to the SQL and not to the reader. */
    static String firstLine(SQLException failure) {
        if (failure instanceof PSQLException psql) {
            ServerErrorMessage server = psql.getServerErrorMessage();
            if (server != null && server.getMessage() != null) {
                String detail = server.getDetail();
                return server.getMessage() + (detail == null ? "" : " (" + detail + ")");
            }
        }
        Throwable root = rootCause(failure);
        String message =
                String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        return failure.getCause() == null || root.getMessage() == null
                ? message
                : message + " (" + root.getMessage() + ")";
    }

    static String state(SQLException failure) {
        String state = failure.getSQLState();
        return state == null ? "" : state;
    }

    private static Throwable rootCause(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; depth < 20 && cause.getCause() != null; depth++) {
            cause = cause.getCause();
        }
        return cause;
    }
}
