package io.pgbk.postgres.server;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.files.FileNames;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGConnection;

/**
 * One session with a server, with all time-outs that role or database may set neutralised.
 *
 * <p>Every failure is a {@link PgbkException} with code POSTGRES_UNSUITABLE and a hint. Not for use by several threads.
 */
public final class PostgresConnection implements AutoCloseable {
    // The role's and the database's own values could end the session in the middle of a backup.
    private static final String OPTIONS = "-c statement_timeout=0 -c lock_timeout=0"
            + " -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off"
            + " -c default_transaction_isolation=read\\ committed -c search_path=pg_catalog"
            + " -c client_min_messages=error";
    private static final int MAX_RESTORE_POINT_BYTES = 63; // MAXFNAMELEN - 1

    private final PostgresConfig config;
    private final Connection connection;
    private final ServerVersion version;

    private PostgresConnection(PostgresConfig config, Connection connection, ServerVersion version) {
        this.config = config;
        this.connection = connection;
        this.version = version;
    }

    /**
     * Connects.
     *
     * @throws PgbkException with code POSTGRES_UNSUITABLE when nobody answers in time, the role is refused, the version
     *     is not supported, or a connection pooler is in between
     */
    public static PostgresConnection open(PostgresConfig config) {
        Connection connection = null;
        try {
            connection = connect(config);
            ServerVersion version = greet(config, connection);
            connection.setNetworkTimeout(Runnable::run, millis(config.queryTimeout()));
            PostgresConnection opened = new PostgresConnection(config, connection, version);
            connection = null;
            return opened;
        } catch (SQLException e) {
            throw PostgresErrors.connecting(config, e);
        } finally {
            closeQuietly(connection);
        }
    }

    private static Connection connect(PostgresConfig config) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", config.user());
        if (config.password() != null) {
            properties.put("password", config.password().reveal());
        }
        properties.put("ApplicationName", "pgbk");
        properties.put("options", OPTIONS);
        properties.put("gssEncMode", "disable");
        properties.put("assumeMinServerVersion", "13");
        properties.put("tcpKeepAlive", "true");
        properties.put("prepareThreshold", "0");
        String seconds = Long.toString(Math.max(1, config.connectTimeout().toSeconds()));
        properties.put("connectTimeout", seconds);
        properties.put("cancelSignalTimeout", seconds);
        properties.put("socketTimeout", seconds);
        String host;
        if (config.usesUnixSocket()) {
            host = "127.0.0.1"; // not used, but the driver wants to resolve it
            properties.put("socketFactory", UnixSocketFactory.class.getName());
            properties.put("socketFactoryArg", socket(config).toString());
            properties.put("sslmode", "disable");
        } else {
            host = config.host().contains(":") ? "[" + config.host() + "]" : config.host();
            properties.put("sslmode", config.tls().mode().parameter());
            if (config.tls().authorities() != null) {
                properties.put("sslrootcert", config.tls().authorities().toString());
            } else {
                properties.put("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
            }
        }
        properties.put("PGDBNAME", config.database());
        Connection connection =
                new Driver().connect("jdbc:postgresql://" + host + ":" + config.port() + "/", properties);
        if (connection == null) {
            throw new SQLException("the driver refused its own URL");
        }
        return connection;
    }

    /** Makes sure who answers, and sets what only some versions know. */
    private static ServerVersion greet(PostgresConfig config, Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result =
                        statement.executeQuery("select current_setting('server_version_num')::int, pg_backend_pid()")) {
            result.next();
            ServerVersion version = new ServerVersion(result.getInt(1));
            // A pooler makes up the process number of its greeting; the server's own answer cannot be made up.
            if (result.getInt(2) != connection.unwrap(PGConnection.class).getBackendPID()) {
                throw new PgbkException(
                        ErrorCode.POSTGRES_UNSUITABLE,
                        "a connection pooler answers at " + config.address(),
                        "A backup needs a session of its own: configure the address of PostgreSQL itself.");
            }
            if (PostgresMajor.of(version.major()).isEmpty()) {
                throw new PgbkException(
                        ErrorCode.POSTGRES_UNSUITABLE,
                        "PostgreSQL " + version + " at " + config.address() + " is not supported",
                        "pgbk knows PostgreSQL 13 to 18.");
            }
            setByVersion(connection, version);
            return version;
        }
    }

    private static void setByVersion(Connection connection, ServerVersion version) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (version.atLeast(14)) {
                statement.execute("set idle_session_timeout = 0; set client_connection_check_interval = '10s'");
            }
            if (version.atLeast(17)) {
                statement.execute("set transaction_timeout = 0");
            }
        }
    }

    static Path socket(PostgresConfig config) {
        return FileNames.fromText(config.host()).resolve(".s.PGSQL." + config.port());
    }

    /** How it was opened. */
    public PostgresConfig config() {
        return config;
    }

    /** The server's version. */
    public ServerVersion version() {
        return version;
    }

    /** Reads what the server says about itself. */
    public ServerFacts facts() {
        return query("read the settings", c -> new ServerFactsReader(c, version).read());
    }

    /** Whether the server is a standby or recovers. */
    public boolean isInRecovery() {
        return query("ask for the role", PostgresConnection::inRecovery);
    }

    static boolean inRecovery(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select pg_is_in_recovery()")) {
            result.next();
            return result.getBoolean(1);
        }
    }

    /** What the clock of the server's host says. */
    public Instant currentTime() {
        return query("ask for the time", c -> {
            try (Statement statement = c.createStatement();
                    ResultSet result =
                            statement.executeQuery("select (extract(epoch from clock_timestamp()) * 1000)::bigint")) {
                result.next();
                return Instant.ofEpochMilli(result.getLong(1));
            }
        });
    }

    /** Where the next WAL record of a primary will be written; on a standby how far replay has come. */
    public WalPosition walPosition() {
        return query("read the WAL position", StandbyFactsReader::position);
    }

    /**
     * Switches to a new WAL segment on a primary and returns the address after the switch record, which lies in the
     * finished segment (or at its end).
     */
    public Lsn switchWal() {
        return query("switch the WAL segment", c -> lsn(c, "select pg_switch_wal()::text"));
    }

    /**
     * Writes a named restore point on a primary and returns where it ends.
     *
     * @param name at most 63 bytes
     */
    public Lsn createRestorePoint(String name) {
        if (name.getBytes(java.nio.charset.StandardCharsets.UTF_8).length > MAX_RESTORE_POINT_BYTES) {
            throw new IllegalArgumentException("a restore point's name has at most 63 bytes: " + name);
        }
        return query("create the restore point " + name, c -> lsn(c, "select pg_create_restore_point(?)::text", name));
    }

    /** What a standby knows about its upstream; empty on a primary. */
    public Optional<StandbyFacts> standbyFacts() {
        return query("read the state of the standby", c -> StandbyFactsReader.read(c, version));
    }

    /** How archiving fails on this server; empty while the archiver's last try succeeded. */
    public Optional<ArchiverFailure> archiverFailure() {
        return query("read pg_stat_archiver", c -> {
            try (Statement statement = c.createStatement();
                    ResultSet row = statement.executeQuery(
                            "select failed_count, coalesce(last_failed_wal, '') from pg_catalog.pg_stat_archiver"
                                    + " where last_failed_time is not null"
                                    + " and (last_archived_time is null or last_failed_time > last_archived_time)")) {
                return row.next()
                        ? Optional.of(new ArchiverFailure(row.getLong(1), row.getString(2)))
                        : Optional.empty();
            }
        });
    }

    /** The databases that accept connections, in the order of their names. */
    public List<String> databases() {
        return query("list the databases", c -> {
            List<String> names = new ArrayList<>();
            try (Statement statement = c.createStatement();
                    ResultSet result = statement.executeQuery(
                            "select datname from pg_database where datallowconn order by datname")) {
                while (result.next()) {
                    names.add(result.getString(1));
                }
            }
            return names;
        });
    }

    /**
     * Runs SQL with this session.
     *
     * @param what for the message of a failure, for example {@code read pg_stat_archiver}
     * @throws PgbkException with code POSTGRES_UNSUITABLE when the SQL fails
     */
    public <T> T query(String what, SqlWork<T> work) {
        try {
            return work.run(connection);
        } catch (SQLException e) {
            throw PostgresErrors.running(config, what, e);
        }
    }

    private static Lsn lsn(Connection connection, String sql, String... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            try (ResultSet result = statement.executeQuery()) {
                result.next();
                return Lsn.parse(result.getString(1));
            }
        }
    }

    Connection jdbc() {
        return connection;
    }

    @Override
    public void close() {
        closeQuietly(connection);
    }

    private static void closeQuietly(@org.jspecify.annotations.Nullable Connection connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            // The session is gone one way or the other; the server ends what belonged to it.
        }
    }

    private static int millis(Duration duration) {
        return (int) Math.min(Integer.MAX_VALUE, duration.toMillis());
    }
}
