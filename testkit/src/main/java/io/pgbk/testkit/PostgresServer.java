package io.pgbk.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A real PostgreSQL server of one of the supported major versions.
 *
 * <p>It listens on a Unix socket in a directory that only the database's user (and root) can enter, so it trusts
 * whoever connects; TCP is off unless asked for. The same port number is used by all, since every server has a socket
 * directory of its own. It runs as {@link AsPostgres#user()}. {@link #close()} stops it and removes what it created; a
 * watchdog does the same when the JVM dies.
 */
public final class PostgresServer implements AutoCloseable {
    private static final int LOG_HEAD_LINES = 20;
    private static final Duration START_DEADLINE = Duration.ofSeconds(60);
    private static final int LOG_TAIL_LINES = 60;
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final PostgresServerOptions options;
    private final Path installation;
    private final Path workDirectory;
    private final Path dataDirectory;
    private final Path socketDirectory;
    private final Path log;
    private int port = 5432;
    private @Nullable Process process;

    PostgresServer(PostgresServerOptions options) {
        this.options = options;
        this.installation = EmbeddedBinaries.of(options.major());
        this.workDirectory = TestDirectories.create("pg" + options.major() + "-");
        Path wanted = options.dataDirectory();
        this.dataDirectory = wanted == null ? workDirectory.resolve("data") : wanted;
        this.socketDirectory = AsPostgres.createDirectory(workDirectory.resolve("socket"));
        this.log = workDirectory.resolve("server.log");
    }

    /** The major versions that can be started. */
    public static List<Integer> majors() {
        return List.of(13, 14, 15, 16, 17, 18);
    }

    /** A server to be described further, of a major version between 13 and 18. */
    public static PostgresServerOptions builder(int major) {
        return PostgresServerOptions.of(major);
    }

    /** Starts a new cluster with small WAL segments (1 MiB) and otherwise the defaults. */
    public static PostgresServer start(int major) {
        return builder(major).start();
    }

    // ---- life cycle

    void initialise() {
        AsPostgres.createDirectory(dataDirectory);
        List<String> command = new ArrayList<>(List.of(
                installation.resolve("bin/initdb").toString(),
                "--pgdata=" + dataDirectory,
                "--username=" + options.user(),
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--wal-segsize=" + options.walSegmentMiB()));
        if (options.checksums()) {
            command.add("--data-checksums");
        } else if (options.major() >= 18) {
            command.add("--no-data-checksums");
        }
        command.addAll(options.initdbArguments());
        AsPostgres.run(command, Map.of(), null, START_DEADLINE).orThrow();
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("fsync", "off");
        settings.put("shared_buffers", "16MB");
        settings.put("max_connections", "40");
        settings.put("log_line_prefix", "%m [%p] ");
        settings.put("max_wal_size", "256MB");
        settings.put("min_wal_size", Math.max(2 * options.walSegmentMiB(), 8) + "MB");
        settings.putAll(options.settings());
        configure(settings);
    }

    /** Appends settings to postgresql.conf; they count from the next start or {@link #reload()}. */
    public PostgresServer configure(Map<String, String> settings) {
        StringBuilder text = new StringBuilder("\n");
        settings.forEach((name, value) -> text.append(name)
                .append(" = '")
                .append(value.replace("'", "''"))
                .append("'\n"));
        try {
            Files.writeString(
                    dataDirectory.resolve("postgresql.conf"),
                    text,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Starts the server and waits until it accepts connections. */
    public PostgresServer start() {
        startWithoutWaiting();
        awaitReady();
        return this;
    }

    /** Starts the server process only, for tests in which it may fail or recover for long. */
    public PostgresServer startWithoutWaiting() {
        if (isRunning()) {
            throw new IllegalStateException("runs already");
        }
        if (options.tcp()) {
            port = freePort();
        }
        List<String> command = new ArrayList<>(List.of(
                installation.resolve("bin/postgres").toString(),
                "-D",
                dataDirectory.toString(),
                "-c",
                "unix_socket_directories=" + socketDirectory,
                "-c",
                "listen_addresses=" + (options.tcp() ? "127.0.0.1" : ""),
                "-c",
                "port=" + port,
                "-c",
                "logging_collector=off",
                "-c",
                "log_destination=stderr"));
        options.commandLineSettings().forEach((name, value) -> {
            command.add("-c");
            command.add(name + "=" + value);
        });
        ProcessBuilder builder = new ProcessBuilder(AsPostgres.command(command));
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().putAll(AsPostgres.PGBK_ENVIRONMENT);
        builder.environment().putAll(options.environment());
        builder.directory(workDirectory.toFile());
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        try {
            TestDirectories.watch(dataDirectory);
            Process started = builder.start();
            started.getOutputStream().close();
            process = started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Waits until connections are accepted. */
    public void awaitReady() {
        // The eighth line of postmaster.pid is the postmaster's state, see pidfile.h.
        Deadline.within(START_DEADLINE)
                .await(
                        () -> {
                            Process current = process;
                            if (current == null || !current.isAlive()) {
                                throw failure("the server ended while it started");
                            }
                            Path pidFile = dataDirectory.resolve("postmaster.pid");
                            if (!Files.exists(pidFile)) {
                                return false;
                            }
                            List<String> lines = Files.readAllLines(pidFile, StandardCharsets.ISO_8859_1);
                            return lines.size() >= 8
                                    && lines.get(0).strip().equals(Long.toString(current.pid()))
                                    && (lines.get(7).startsWith("ready")
                                            || lines.get(7).startsWith("standby"))
                                    && canConnect();
                        },
                        () -> failure("the server is not ready"));
    }

    private boolean canConnect() {
        try (Connection connection = connect()) {
            return connection.isValid(5);
        } catch (SQLException e) {
            return false;
        }
    }

    /** Stops it as {@code pg_ctl -m fast} does: sessions are ended, a shutdown checkpoint is written. */
    public void stop() {
        signal("INT");
        awaitEnd();
    }

    /** Stops it as {@code pg_ctl -m immediate} does: the next start recovers. */
    public void stopImmediately() {
        signal("QUIT");
        awaitEnd();
    }

    /** Kills every process of the server with SIGKILL, as a crash of the machine would. */
    public void kill() {
        Process current = process;
        if (current != null) {
            List<ProcessHandle> children = current.descendants().toList();
            current.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
            awaitEnd();
            for (ProcessHandle child : children) {
                Deadline.within(START_DEADLINE).await(() -> !child.isAlive(), () -> failure("a child does not end"));
            }
        }
    }

    /** Stops (fast) and starts. */
    public PostgresServer restart() {
        stop();
        return start();
    }

    /** Re-reads the configuration and waits until the postmaster has loaded it. */
    public void reload() {
        String before = queryOne("select pg_conf_load_time()::text");
        sql("select pg_reload_conf()");
        await("select pg_conf_load_time()::text <> '" + before + "'");
    }

    /** Waits until the server process ended by itself and returns its exit code. */
    public int awaitEnd() {
        Process current = process;
        if (current == null) {
            return 0;
        }
        try {
            if (!current.waitFor(START_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failure("the server does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        process = null;
        return current.exitValue();
    }

    public boolean isRunning() {
        Process current = process;
        return current != null && current.isAlive();
    }

    @Override
    public void close() {
        try {
            if (isRunning()) {
                stopImmediately();
            }
        } finally {
            kill();
            AsPostgres.deleteTree(workDirectory);
            if (options.deleteDataDirectory()) {
                AsPostgres.deleteTree(dataDirectory);
            }
        }
    }

    // ---- recovery

    /** Promotes and waits until the server accepts writes. */
    public void promote() {
        sql("select pg_promote(true, 60)");
        await("select not pg_is_in_recovery()");
    }

    /** Waits until recovery reached its target and paused. */
    public void awaitRecoveryPaused() {
        String paused = options.major() >= 14
                ? "select pg_get_wal_replay_pause_state() = 'paused'"
                : "select pg_is_wal_replay_paused()";
        await(paused);
    }

    /** Waits until recovery ended by a promotion. */
    public void awaitPromoted() {
        await("select not pg_is_in_recovery()");
    }

    /** Waits until this standby has replayed everything that the other server has written so far. */
    public void awaitCaughtUp(PostgresServer primary) {
        String lsn = primary.queryOne("select pg_current_wal_insert_lsn()::text");
        await("select pg_last_wal_replay_lsn() >= '" + lsn + "'::pg_lsn");
    }

    /** Waits until a query returns {@code true}, for a minute at most. */
    public void await(String query) {
        Deadline.within(START_DEADLINE)
                .await(() -> "t".equals(queryWhileAlive(query)), () -> failure("did not become true: " + query));
    }

    /** A server that ended by itself has said why in its log only. */
    private @Nullable String queryWhileAlive(String query) throws InterruptedException {
        try {
            return queryOne(query);
        } catch (IllegalStateException e) {
            Process current = process;
            // It closes its socket a little before it ends.
            if (current != null && current.waitFor(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS)) {
                IllegalStateException ended = failure("the server ended by itself before this became true: " + query);
                ended.initCause(e);
                throw ended;
            }
            throw e;
        }
    }

    /**
     * A stopped standby of this server in a directory of its own, made of a copy of the files taken between
     * pg_backup_start and pg_backup_stop; it streams from here and is started by the caller.
     */
    public PostgresServer createStandby() {
        return StandbyCopy.of(this);
    }

    // ---- SQL

    /** The JDBC URL of a database. */
    public String jdbcUrl(String database) {
        return "jdbc:postgresql://localhost:" + port + "/" + database;
    }

    /** A connection as the superuser to database {@code postgres}; the caller closes it. */
    public Connection connect() throws SQLException {
        return connect("postgres");
    }

    /** A connection as the superuser; the caller closes it. */
    public Connection connect(String database) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", options.user());
        properties.put("sslmode", "disable");
        properties.put("gssEncMode", "disable");
        properties.put("socketFactory", UnixSocketFactory.class.getName());
        properties.put("socketFactoryArg", socket().toString());
        return DriverManager.getConnection(jdbcUrl(database), properties);
    }

    /** Runs statements (separated by semicolons), one after the other, each in its own transaction. */
    public void sql(String... statements) {
        sqlIn("postgres", statements);
    }

    /** {@link #sql} in a database. */
    public void sqlIn(String database, String... statements) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(String.join("; ", statements) + ": " + e.getMessage(), e);
        }
    }

    /** The rows of a query, each column as PostgreSQL prints it, null for NULL. */
    public List<List<@Nullable String>> query(String sql, Object... parameters) {
        return queryIn("postgres", sql, parameters);
    }

    /** {@link #query} in a database. */
    public List<List<@Nullable String>> queryIn(String database, String sql, Object... parameters) {
        try (Connection connection = connect(database);
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet result = statement.executeQuery()) {
                int columns = result.getMetaData().getColumnCount();
                List<List<@Nullable String>> rows = new ArrayList<>();
                while (result.next()) {
                    List<@Nullable String> row = new ArrayList<>(columns);
                    for (int column = 1; column <= columns; column++) {
                        row.add(result.getString(column));
                    }
                    rows.add(row);
                }
                return rows;
            }
        } catch (SQLException e) {
            throw new IllegalStateException(sql + ": " + e.getMessage(), e);
        }
    }

    /** The first column of the first row; an error when there is no row or the value is NULL. */
    public String queryOne(String sql, Object... parameters) {
        List<List<@Nullable String>> rows = query(sql, parameters);
        String value = rows.isEmpty() ? null : rows.getFirst().getFirst();
        if (value == null) {
            throw new IllegalStateException("no value: " + sql);
        }
        return value;
    }

    /** Switches to a new WAL segment and returns the name of the one that was finished. */
    public String switchWal() {
        sql("create table if not exists pgbk_switch(t timestamptz)", "insert into pgbk_switch values (now())");
        return queryOne("select pg_walfile_name(pg_switch_wal())");
    }

    /** Where the next record will be written. */
    public String currentLsn() {
        return queryOne("select pg_current_wal_insert_lsn()::text");
    }

    // ---- where it is

    public int major() {
        return options.major();
    }

    public Path dataDirectory() {
        return dataDirectory;
    }

    /** The directory of the Unix socket. */
    public Path socketDirectory() {
        return socketDirectory;
    }

    /** The Unix socket. */
    public Path socket() {
        return socketDirectory.resolve(".s.PGSQL." + port);
    }

    /** The port, which is also part of the socket's name. */
    public int port() {
        return port;
    }

    /** The superuser. */
    public String user() {
        return options.user();
    }

    PostgresServerOptions options() {
        return options;
    }

    /** The installation with {@code bin/postgres}, {@code bin/initdb}, {@code bin/pg_ctl}. */
    public Path installation() {
        return installation;
    }

    /** A directory of this server that the database's user can write, removed by {@link #close()}. */
    public Path workDirectory() {
        return workDirectory;
    }

    /** A libpq connection string. */
    public String connectionString(String database) {
        return "host=" + socketDirectory + " port=" + port + " user=" + options.user() + " dbname=" + database;
    }

    /** The environment that libpq programs (psql, pgbench) need to find the server. */
    public Map<String, String> clientEnvironment() {
        return Map.of(
                "PGHOST",
                socketDirectory.toString(),
                "PGPORT",
                Integer.toString(port),
                "PGUSER",
                options.user(),
                "PGDATABASE",
                "postgres");
    }

    /** Everything that the server has logged. */
    public String log() {
        try {
            return Files.exists(log) ? new String(Files.readAllBytes(log), StandardCharsets.UTF_8) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The end of the log, for messages. */
    public String logTail() {
        List<String> lines = log().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size()));
    }

    private IllegalStateException failure(String message) {
        // What a recovery wants stands in its first lines, what it met in its last ones.
        String beginning = log().lines().limit(LOG_HEAD_LINES).collect(Collectors.joining("\n"));
        return new IllegalStateException(message + " (PostgreSQL " + options.major() + ", " + dataDirectory
                + "); its log begins:\n" + beginning + "\nand ends:\n" + logTail());
    }

    private void signal(String name) {
        Process current = process;
        if (current != null) {
            AsPostgres.runAsSelf(List.of("kill", "-" + name, Long.toString(current.pid())), START_DEADLINE);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
