package io.pgbk.cli.scenario;

import io.pgbk.cli.InProcess;
import io.pgbk.cli.output.StopRequest;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A database host in this JVM: a real server whose archive_command is answered by archive-push run in a thread, a
 * configuration, a key, repositories in directories. Every command is the real one from its arguments to its exit code;
 * only the process around it is missing.
 */
final class CommandSite implements AutoCloseable {
    private final Path directory = AsPostgres.temporaryDirectory("site-");
    private final Path markers = AsPostgres.createDirectory(directory.resolve("markers"));
    private final List<Path> archivingConfigurations = new CopyOnWriteArrayList<>();
    private final PostgresServer server;
    private final Thread archiver =
            Thread.ofPlatform().daemon().name("test-archiver").unstarted(this::archive);
    private final List<OtherServer> otherServers = new CopyOnWriteArrayList<>();
    private volatile boolean paused;
    private volatile boolean closed;

    /** A standby of the site's server, made with the same archive_command. */
    private record OtherServer(PostgresServer server, Path configuration) {}

    private CommandSite(PostgresServerOptions options) {
        server = options.withArchiveCommand("n=" + markers + "/%f; i=0; while [ ! -e $n ]; do i=$((i+1));"
                        + " [ $i -gt 1500 ] && exit 1; sleep 0.02; done; read e < $n; [ $e = 0 ] || rm $n; exit $e"
                        + " # pgbk archive-push")
                .create();
        secret("key", HexFormat.of().formatHex(new byte[32]).replace('0', '7'));
    }

    /** A started server with a configuration of one encrypted repository, which init has not seen yet. */
    static CommandSite start(int major) {
        return start(PostgresServer.builder(major));
    }

    /** As {@link #start(int)}, for a server of another kind. */
    static CommandSite start(PostgresServerOptions options) {
        CommandSite site = new CommandSite(options);
        site.server.start();
        AsPostgres.createDirectory(site.directory.resolve("repository"));
        site.archivingConfigurations.add(site.configure("pgbk.yaml", site.repository("primary", "repository")));
        site.archiver.start();
        return site;
    }

    /** The server. */
    PostgresServer server() {
        return server;
    }

    Path directory() {
        return directory;
    }

    Path config() {
        return directory.resolve("pgbk.yaml");
    }

    /** A file with a secret that only its owner can read. */
    Path secret(String name, String content) {
        Path file = directory.resolve(name);
        try {
            Files.writeString(file, content + "\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The lines of a repository in a directory of this site. */
    String repository(String name, String folder) {
        return "  - name: %s\n    url: file://%s\n    encryption: {key-file: %s}\n"
                .formatted(name, directory.resolve(folder), directory.resolve("key"));
    }

    /** Writes another configuration for the same server. */
    Path configure(String file, String... repositories) {
        return configure(server, file, repositories);
    }

    /** Writes a configuration for another server. */
    Path configure(PostgresServer other, String file, String... repositories) {
        return write(file, """
                cluster: main
                postgres:
                  data-directory: %s
                  host: %s
                  port: %d
                  user: %s
                repositories:
                %stime-zone: UTC
                parallel: 2
                """.formatted(
                        other.dataDirectory(),
                        other.socketDirectory(),
                        other.port(),
                        other.user(),
                        String.join("", repositories)));
    }

    Path write(String file, String content) {
        Path path = directory.resolve(file);
        try {
            return Files.writeString(path, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether archive_command is left without an answer. */
    void pauseArchiving(boolean pause) {
        paused = pause;
    }

    /** From now on archive_command pushes with this configuration too. */
    void archiveWith(Path configuration) {
        archivingConfigurations.add(configuration);
    }

    /** From now on archive_command pushes with this configuration alone. */
    void archiveOnlyWith(Path configuration) {
        archivingConfigurations.removeIf(other -> !other.equals(configuration));
    }

    /** From now on the archive_command of a standby of this server, once that is promoted, is answered too. */
    void archiveAlso(PostgresServer standby, Path configuration) {
        otherServers.add(new OtherServer(standby, configuration));
    }

    /** A copy of a repository's directory, for tests that change or damage it. */
    Path copyRepository(String to) {
        Path from = directory.resolve("repository");
        Path copy = directory.resolve(to);
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                Path target = copy.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command with the site's configuration. */
    Outcome run(String... arguments) {
        return runWith(config(), arguments);
    }

    /** Runs a command with another configuration. */
    Outcome runWith(Path configuration, String... arguments) {
        return runWith(configuration, Map.of(), Clock.systemUTC(), arguments);
    }

    /** Runs a command with variables and a clock of its own. */
    Outcome runWith(Path configuration, Map<String, String> environment, Clock clock, String... arguments) {
        return runIn(server.dataDirectory(), configuration, environment, clock, arguments);
    }

    private static Outcome runIn(
            Path workingDirectory,
            Path configuration,
            Map<String, String> environment,
            Clock clock,
            String... arguments) {
        List<String> all = new ArrayList<>(List.of("--config", configuration.toString()));
        all.addAll(List.of(arguments));
        InProcess.Result result = InProcess.run(workingDirectory, environment, new StopRequest(), clock, all);
        return new Outcome(String.join(" ", arguments), result.exit(), result.out(), result.err());
    }

    private void archive() {
        while (!closed) {
            archive(server, archivingConfigurations);
            otherServers.forEach(other -> archive(other.server(), List.of(other.configuration())));
            LockSupport.parkNanos(10_000_000);
        }
    }

    private void archive(PostgresServer from, List<Path> configurations) {
        Path wal = from.dataDirectory().resolve("pg_wal");
        try (DirectoryStream<Path> ready = Files.newDirectoryStream(wal.resolve("archive_status"), "*.ready")) {
            for (Path status : ready) {
                if (paused) {
                    break;
                }
                String text = String.valueOf(status.getFileName());
                answer(from, configurations, text.substring(0, text.length() - ".ready".length()));
            }
        } catch (NoSuchFileException e) {
            // A standby that its test has removed.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void answer(PostgresServer from, List<Path> configurations, String name) throws IOException {
        Path marker = markers.resolve(name);
        if (Files.exists(marker)) {
            return;
        }
        int exit = 0;
        StringBuilder errors = new StringBuilder();
        for (Path configuration : configurations) {
            Outcome push = runIn(
                    from.dataDirectory(), configuration, Map.of(), Clock.systemUTC(), "archive-push", "pg_wal/" + name);
            exit = Math.max(exit, push.exit());
            errors.append(push.err());
        }
        // At once: PostgreSQL calls again and again, and a test may read at any time.
        Path written = directory.resolve("push-errors.part");
        Files.writeString(written, errors);
        Files.move(written, directory.resolve("push-errors"), StandardCopyOption.ATOMIC_MOVE);
        Path complete = markers.resolve("answer");
        Files.writeString(complete, exit + "\n");
        Files.setPosixFilePermissions(complete, PosixFilePermissions.fromString("rw-r--r--"));
        try {
            Files.move(complete, marker, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException e) {
            // The site is being closed.
        }
    }

    /** What the last archive-push wrote to standard error. */
    String pushErrors() {
        try {
            return Files.readString(directory.resolve("push-errors"));
        } catch (IOException e) {
            return "";
        }
    }

    /** Waits until everything that the server has written so far is archived; returns the last segment's name. */
    String archiveEverything() {
        server.sql("create table if not exists switched (x int)", "insert into switched values (1)");
        String segment = server.queryOne("select pg_walfile_name(pg_switch_wal())");
        Deadline.within(Duration.ofSeconds(30))
                .await(
                        "archived " + segment + ": " + pushErrors(),
                        () -> server.queryOne("select coalesce(last_archived_wal, '') from pg_stat_archiver")
                                        .compareTo(segment)
                                >= 0);
        return segment;
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(archiver);
        try {
            archiver.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.close();
        AsPostgres.deleteTree(directory);
    }
}
