package io.pgbk.integration.faults;

import io.pgbk.integration.Site;
import io.pgbk.integration.faults.FaultRow.Patience;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Endpoint;
import io.pgbk.testkit.S3ProxyServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A small server with one backup in a repository of S3Proxy, of which every row of the matrix gets a copy of its own.
 * What archives for the server reaches the store without faults and pushes to the copies that are being backed up to.
 */
final class FaultSite implements AutoCloseable {
    private static final String BUCKET = "faults";
    private static final String BASE = "base";

    private final Path directory = AsPostgres.temporaryDirectory("faults-");
    private final Path markers = AsPostgres.createDirectory(directory.resolve("markers"));
    private final S3ProxyServer store =
            S3ProxyServer.start(AsPostgres.createDirectory(directory.resolve("s3")), BUCKET);
    private final AtomicInteger numbers = new AtomicInteger();
    private final Map<String, Path> archiving = new ConcurrentHashMap<>();
    private final Thread archiver =
            Thread.ofPlatform().daemon().name("test-archiver").unstarted(this::archive);
    private final PostgresServer server;
    private final String label;
    private final List<String> segments;
    private volatile boolean closed;

    FaultSite() {
        server = PostgresServer.builder(16)
                .withWalSegmentMiB(1)
                .withSetting("archive_mode", "on")
                // Pushed again long after they were archived.
                .withSetting("wal_keep_size", "4GB")
                .withArchiveCommand("n=" + markers + "/%f; i=0; while [ ! -e $n ]; do i=$((i+1));"
                        + " [ $i -gt 1500 ] && exit 1; sleep 0.02; done; read e < $n; [ $e = 0 ] || rm $n; exit $e"
                        + " # pgbk archive-push")
                .create();
        server.start();
        S3Endpoint endpoint = store.endpoint(BUCKET);
        secret("access-key", endpoint.accessKey());
        secret("secret-key", endpoint.secretKey());
        secret("key", HexFormat.of().formatHex(new byte[32]).replace('0', '7'));
        Path base = configure(BASE, endpoint.url(), Patience.PATIENT);
        done(Pgbk.run(base, server.dataDirectory(), "init"));
        archiving.put(BASE, base);
        archiver.start();
        server.sql("create table t as select i, 'row ' || i as text from generate_series(1, 20000) i");
        label = label(done(Pgbk.run(base, server.dataDirectory(), "backup", "--output", "json")));
        segments = List.of(archived(), archived());
        archiving.clear();
    }

    /** A label in the JSON of a backup. */
    static String label(Pgbk.Ended backup) {
        return Site.parse(backup.out()).get("label").asString();
    }

    static Pgbk.Ended done(Pgbk.Ended ended) {
        if (ended.exit() != 0) {
            throw new AssertionError("must succeed: " + ended);
        }
        return ended;
    }

    /** A new segment, archived. */
    private String archived() {
        server.sql("insert into t values (0, 'more')");
        String segment = server.switchWal();
        Deadline.within(Duration.ofMinutes(2))
                .await(
                        "archived " + segment,
                        () -> server.queryOne("select coalesce(last_archived_wal, '') from pg_stat_archiver")
                                        .compareTo(segment)
                                >= 0);
        return segment;
    }

    private void secret(String name, String text) {
        try {
            Path file = Files.writeString(directory.resolve(name), text);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    PostgresServer server() {
        return server;
    }

    /** Of the backup that every copy of the repository holds. */
    String label() {
        return label;
    }

    /** Two archived segments behind the backup. */
    List<String> segments() {
        return segments;
    }

    /** The store without faults. */
    URI url() {
        return store.endpoint(BUCKET).url();
    }

    /** Makes a copy of the repository as it was when the site was made; returns its prefix. */
    String copyRepository() {
        String prefix = "row" + numbers.incrementAndGet();
        Path from = store.directoryOf(BUCKET).resolve(BASE);
        Path to = store.directoryOf(BUCKET).resolve(prefix);
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    // Objects are never changed: a second name will do.
                    Files.createLink(target, file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return prefix;
    }

    /** Whether the server archives to a copy. */
    void archiveTo(String prefix, boolean wanted) {
        if (wanted) {
            archiving.put(prefix, configure(prefix, url(), Patience.PATIENT));
        } else {
            archiving.remove(prefix);
        }
    }

    /** Removes a copy. */
    void dropRepository(String prefix) {
        AsPostgres.deleteTree(store.directoryOf(BUCKET).resolve(prefix));
    }

    /** Removes the object of an archived segment from a copy. */
    void forget(String prefix, String segment) {
        try (Stream<Path> all = Files.walk(store.directoryOf(BUCKET).resolve(prefix))) {
            Files.delete(all.filter(file -> file.endsWith(segment)).findFirst().orElseThrow());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A configuration for a copy of the repository at an address. */
    Path configure(String prefix, URI url, Patience patience) {
        Path file = directory.resolve(prefix + "-" + url.getPort() + ".yaml");
        try {
            return Files.writeString(file, """
                    cluster: main
                    postgres:
                      data-directory: %s
                      host: %s
                      port: %d
                      user: %s
                    repositories:
                      - name: primary
                        url: s3://%s/%s
                        endpoint: %s
                        region: us-east-1
                        credentials: {access-key-file: %s, secret-key-file: %s}
                        encryption: {key-file: %s}
                        timeouts: %s
                    time-zone: UTC
                    parallel: 2
                    history-deadline: 0s
                    """.formatted(
                            server.dataDirectory(),
                            server.socketDirectory(),
                            server.port(),
                            server.user(),
                            BUCKET,
                            prefix,
                            url,
                            directory.resolve("access-key"),
                            directory.resolve("secret-key"),
                            directory.resolve("key"),
                            patience.yaml()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a restore without faults makes of the backup; made once. */
    synchronized Path restored(Path configuration) {
        Path made = directory.resolve("expected");
        if (!Files.exists(made)) {
            AsPostgres.createDirectory(made);
            done(Pgbk.run(
                    configuration,
                    server.dataDirectory(),
                    "restore",
                    "--backup",
                    label,
                    "--target-immediate",
                    "--data-directory",
                    made.toString()));
        }
        return made;
    }

    /** A new directory below the site's that belongs to the server's user. */
    Path newDirectory(String name) {
        return AsPostgres.createDirectory(directory.resolve(name + numbers.incrementAndGet()));
    }

    /** A directory from which a server in recovery would call restore_command. */
    Path recovering() {
        try {
            Path data = newDirectory("recovering");
            Files.createDirectory(data.resolve("pg_wal"));
            Files.writeString(data.resolve("PG_VERSION"), "16\n");
            Files.createFile(data.resolve("recovery.signal"));
            return data;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void archive() {
        Path wal = server.dataDirectory().resolve("pg_wal");
        while (!closed) {
            try (DirectoryStream<Path> ready = Files.newDirectoryStream(wal.resolve("archive_status"), "*.ready")) {
                for (Path status : ready) {
                    String text = String.valueOf(status.getFileName());
                    answer(text.substring(0, text.length() - ".ready".length()));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    private void answer(String name) throws IOException {
        Path marker = markers.resolve(name);
        if (Files.exists(marker)) {
            return;
        }
        int exit = 0;
        for (Path configuration : archiving.values()) {
            exit = Math.max(
                    exit,
                    Pgbk.run(configuration, server.dataDirectory(), "archive-push", "pg_wal/" + name)
                            .exit());
        }
        Path complete = markers.resolve("answer");
        Files.writeString(complete, exit + "\n");
        Files.setPosixFilePermissions(complete, PosixFilePermissions.fromString("rw-r--r--"));
        try {
            Files.move(complete, marker, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException e) {
            // The site is being closed.
        }
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
        store.close();
        AsPostgres.deleteTree(directory);
    }
}
