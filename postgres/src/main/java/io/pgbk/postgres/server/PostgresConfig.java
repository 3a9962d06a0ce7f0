package io.pgbk.postgres.server;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a server is reached and where its files are.
 *
 * @param host the directory of the Unix socket (it begins with {@code /}), or a host name
 * @param port the port, which is also part of the socket's name
 * @param user the database role
 * @param database the database to connect to
 * @param dataDirectory where the server's files are on this machine
 * @param password null where none is needed (peer authentication, a PGPASSFILE)
 * @param tls for TCP; not used on a Unix socket
 * @param connectTimeout for the connection and the authentication
 * @param queryTimeout for every statement but those that wait by nature (the start of a backup)
 */
public record PostgresConfig(
        String host,
        int port,
        String user,
        String database,
        Path dataDirectory,
        @Nullable PostgresPassword password,
        PostgresTls tls,
        Duration connectTimeout,
        Duration queryTimeout) {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration QUERY_TIMEOUT = Duration.ofMinutes(2);

    public PostgresConfig {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port);
        }
    }

    /** The usual case: database {@code postgres}, no password; verified TLS unless the host is the loopback. */
    public static PostgresConfig of(String host, int port, String user, Path dataDirectory) {
        return new PostgresConfig(
                host,
                port,
                user,
                "postgres",
                dataDirectory,
                null,
                isLoopback(host) ? PostgresTls.OFF : PostgresTls.VERIFIED,
                CONNECT_TIMEOUT,
                QUERY_TIMEOUT);
    }

    /** The same with another database. */
    public PostgresConfig withDatabase(String name) {
        return new PostgresConfig(host, port, user, name, dataDirectory, password, tls, connectTimeout, queryTimeout);
    }

    /** The same with a password. */
    public PostgresConfig withPassword(@Nullable PostgresPassword value) {
        return new PostgresConfig(host, port, user, database, dataDirectory, value, tls, connectTimeout, queryTimeout);
    }

    /** The same with another protection. */
    public PostgresConfig withTls(PostgresTls value) {
        return new PostgresConfig(
                host, port, user, database, dataDirectory, password, value, connectTimeout, queryTimeout);
    }

    /** The same with other time limits. */
    public PostgresConfig withTimeouts(Duration connect, Duration query) {
        return new PostgresConfig(host, port, user, database, dataDirectory, password, tls, connect, query);
    }

    /** Whether the host is the directory of a Unix socket. */
    public boolean usesUnixSocket() {
        return host.startsWith("/");
    }

    /** For messages. */
    public String address() {
        return usesUnixSocket() ? host + "/.s.PGSQL." + port : host + ":" + port;
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
    }
}
