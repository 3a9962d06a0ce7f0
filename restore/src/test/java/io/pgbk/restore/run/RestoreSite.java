package io.pgbk.restore.run;

import io.pgbk.archiver.backup.BackupOrigin;
import io.pgbk.archiver.backup.BackupOutcome;
import io.pgbk.archiver.backup.BackupRequest;
import io.pgbk.archiver.backup.BackupRunner;
import io.pgbk.archiver.backup.BackupSettings;
import io.pgbk.archiver.push.PushRequest;
import io.pgbk.archiver.push.PushRunner;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.InitOptions;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import io.pgbk.task.BufferPool;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A real server that archives into a spool directory, a thread that pushes from there into an encrypted repository in a
 * directory, and what tests do with both.
 */
public final class RestoreSite implements AutoCloseable {
    private static final ClusterName CLUSTER = new ClusterName("main");
    private static final long POLL_NANOS = 5_000_000;

    private static final byte[] KEY = new byte[32];

    private final Path repositoryDirectory;
    private final Path spool =
            AsPostgres.createDirectory(AsPostgres.temporaryDirectory("spool-").resolve("pg_wal"));
    private final PostgresServer server;
    private final ClusterCatalog catalog;
    private final Thread archiver =
            Thread.ofPlatform().daemon().name("test-archiver").unstarted(this::archive);
    private volatile boolean stop;
    private volatile String failure = "";

    /** Starts it all. */
    public RestoreSite(int major) {
        this(PostgresServer.builder(major));
    }

    /** Starts it all with a server as described, but for its archive_command. */
    public RestoreSite(PostgresServerOptions options) {
        this(options, AsPostgres.temporaryDirectory("repo-"));
        catalog.join(identity());
        startArchiving();
    }

    private RestoreSite(PostgresServerOptions options, Path repositoryDirectory) {
        this.repositoryDirectory = repositoryDirectory;
        server = options.withArchiveCommand(archiveCommand()).start();
        try {
            // Files without a WAL header take the cluster's identity from the pg_control beside their directory.
            Files.createSymbolicLink(
                    spool.resolveSibling("global"), server.dataDirectory().resolve("global"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        catalog = new ClusterCatalog(initialise(repositoryDirectory), CLUSTER);
    }

    /** A new repository, or the one that is there. */
    static Repository initialise(Path directory) {
        return Repository.initialise(
                        ObjectStores.open(new DirectoryStoreConfig(directory)),
                        encryption(),
                        InitOptions.SAFE,
                        runtime())
                .repository();
    }

    /** Another server under the same name, which has not joined the cluster and whose WAL nobody pushes yet. */
    public RestoreSite impostor(PostgresServerOptions options) {
        return new RestoreSite(options, repositoryDirectory);
    }

    /** From now on what the server archives is pushed. */
    public void startArchiving() {
        archiver.start();
    }

    /** What puts WAL where this site's archiver finds it; a restored server may use it too. */
    public String archiveCommand() {
        return "cp %p " + spool + "/%f.tmp && mv " + spool + "/%f.tmp " + spool + "/%f";
    }

    private static EncryptionSettings encryption() {
        return new EncryptionSettings.Encrypted(
                List.of(new UnlockSecret.KeyFile(Secret.copyOf(KEY), "the test's key")));
    }

    /** The catalogue of a site's repository as another process opens it. */
    public static ClusterCatalog open(Path repositoryDirectory) {
        return new ClusterCatalog(
                Repository.open(
                        ObjectStores.open(new DirectoryStoreConfig(repositoryDirectory)), encryption(), runtime()),
                CLUSTER);
    }

    /** The same with so much memory for large buffers. */
    static ClusterCatalog open(Path repositoryDirectory, BufferPool buffers) {
        RepositoryRuntime usual = runtime();
        RepositoryRuntime limited = new RepositoryRuntime(
                usual.clock(),
                usual.monotonic(),
                usual.random(),
                usual.owner(),
                usual.compression(),
                usual.temporaryDirectory(),
                buffers);
        return new ClusterCatalog(
                Repository.open(
                        ObjectStores.open(new DirectoryStoreConfig(repositoryDirectory), buffers),
                        encryption(),
                        limited),
                CLUSTER);
    }

    /** The catalogue of a site's repository as a process opens it for which time passes otherwise; the store's is right. */
    static ClusterCatalog open(Path repositoryDirectory, AttackTime time) {
        return open(repositoryDirectory, time, () -> {});
    }

    /** The same; something is run before each call to the store. */
    static ClusterCatalog open(Path repositoryDirectory, AttackTime time, Runnable beforeCall) {
        RepositoryRuntime now = runtime();
        RepositoryRuntime moved = new RepositoryRuntime(
                time, time, now.random(), now.owner(), now.compression(), now.temporaryDirectory());
        ObjectStore store = ObjectStores.open(new DirectoryStoreConfig(repositoryDirectory));
        ObjectStore movedStore = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (_, method, arguments) -> {
                    if (method.getName().equals("currentTime")) {
                        return time.right();
                    }
                    try {
                        beforeCall.run();
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return new ClusterCatalog(Repository.open(movedStore, encryption(), moved), CLUSTER);
    }

    /** The catalogue on a host and a store whose clocks are so much later. */
    public ClusterCatalog openLater(Duration later) {
        return openAt(InstantSource.offset(InstantSource.system(), later), later);
    }

    /** The catalogue on a host whose clock is so much later than everybody else's. */
    public ClusterCatalog openWithClockAhead(Duration ahead) {
        return openAt(InstantSource.offset(InstantSource.system(), ahead), Duration.ZERO);
    }

    private ClusterCatalog openAt(InstantSource clock, Duration storeAhead) {
        RepositoryRuntime now = runtime();
        RepositoryRuntime moved = new RepositoryRuntime(
                clock, now.monotonic(), now.random(), now.owner(), now.compression(), now.temporaryDirectory());
        ObjectStore store = ObjectStores.open(new DirectoryStoreConfig(repositoryDirectory));
        ObjectStore movedStore = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (_, method, arguments) -> {
                    try {
                        Object result = method.invoke(store, arguments);
                        return result instanceof Instant time ? time.plus(storeAhead) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return new ClusterCatalog(Repository.open(movedStore, encryption(), moved), CLUSTER);
    }

    private static RepositoryRuntime runtime() {
        return RepositoryRuntime.system(Compression.DEFAULT, Path.of("/tmp"));
    }

    /** Who this site's server is. */
    public ServerIdentity identity() {
        return identity(server);
    }

    /** Who a server is, from its pg_control. */
    public static ServerIdentity identity(PostgresServer server) {
        try {
            PgControl control =
                    PgControl.parse(Files.readAllBytes(server.dataDirectory().resolve("global/pg_control")));
            return new ServerIdentity(
                    control.systemIdentifier(),
                    control.major().number(),
                    control.catalogVersion(),
                    control.walSegmentSize(),
                    control.blockBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void archive() {
        PushRunner runner = new PushRunner(
                List.of(new PushTarget("primary", true, () -> catalog)), Duration.ofMinutes(1), System::nanoTime);
        Set<String> done = new HashSet<>();
        while (!stop) {
            try (Stream<Path> names = Files.list(spool)) {
                for (Path file : (Iterable<Path>) names.sorted()::iterator) {
                    String name = String.valueOf(file.getFileName());
                    if (!name.endsWith(".tmp") && done.add(name)) {
                        runner.push(
                                new PushRequest(file.toString(), spool, server.dataDirectory()), TaskMonitor.SILENT);
                    }
                }
            } catch (IOException | RuntimeException e) {
                failure = e.toString();
                e.printStackTrace();
                return;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** Takes a full backup and returns its label. */
    public String backup() {
        return backup(catalog);
    }

    /** Takes a backup of this type, or a full one when there is nothing to build on, and returns its label. */
    public String backup(BackupType type) {
        return backup(catalog, server, type);
    }

    /** Takes a full backup which tells its phases. */
    public String backup(TaskMonitor monitor) {
        return backup(catalog, server, BackupType.FULL, monitor);
    }

    /** The same of another server of the cluster, which archives with {@link #archiveCommand} too. */
    public String backup(PostgresServer other, BackupType type) {
        return backup(catalog, other, type);
    }

    /** {@link #backup()} through another opening of the repository. */
    public String backup(ClusterCatalog catalog) {
        return backup(catalog, server, BackupType.FULL);
    }

    private static String backup(ClusterCatalog catalog, PostgresServer of, BackupType type) {
        return backup(catalog, of, type, TaskMonitor.SILENT);
    }

    private static String backup(ClusterCatalog catalog, PostgresServer of, BackupType type, TaskMonitor monitor) {
        PostgresConfig config =
                PostgresConfig.of(of.socketDirectory().toString(), of.port(), of.user(), of.dataDirectory());
        BackupSettings settings = new BackupSettings(2, 0, true, Duration.ofSeconds(30), Duration.ZERO);
        BackupOutcome outcome = new BackupRunner(config, catalog, settings, new BackupOrigin("test", "test"))
                .run(new BackupRequest(type, false, false, Map.of()), monitor);
        return ((BackupOutcome.Taken) outcome).result().label();
    }

    /** Waits until all that was written so far is in the repository. */
    public void archiveEverything() {
        server.sql("create table if not exists switched (x int)", "insert into switched values (1)");
        awaitArchived(server.switchWal());
    }

    /** Waits until a segment or a history file is in the repository. */
    public void awaitArchived(String segment) {
        io.pgbk.testkit.Deadline.within(Duration.ofSeconds(30)).await("archived " + segment, () -> {
            if (!failure.isEmpty()) {
                throw new IllegalStateException(failure);
            }
            return catalog.wal(catalog.incarnationOf(identity()))
                    .find(io.pgbk.postgres.WalFileName.parse(segment).orElseThrow())
                    .isPresent();
        });
    }

    /** A copy of the repository that a test may damage. */
    public ClusterCatalog copy() {
        Path copy = AsPostgres.temporaryDirectory("copy-");
        try (Stream<Path> all = Files.walk(repositoryDirectory)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                Path target = copy.resolve(repositoryDirectory.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return open(copy);
    }

    /** The directory of a catalogue's repository. */
    public static Path directory(ClusterCatalog catalog) {
        return Path.of(catalog.repository().store().displayName().substring("file://".length()));
    }

    public ClusterCatalog catalog() {
        return catalog;
    }

    public PostgresServer server() {
        return server;
    }

    /** What a restored server fetches WAL with. */
    public String restoreCommand() {
        return "cp " + spool + "/%f %p";
    }

    @Override
    public void close() {
        stop = true;
        LockSupport.unpark(archiver);
        try {
            archiver.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.close();
        try (Repository repository = catalog.repository()) {
            // Whatever the tests did with it, nothing that was promised is broken.
            VerifyReport report = new VerifyRunner(catalog, new Random(1))
                    .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
            if (report.findings().stream().anyMatch(Finding::serious)) {
                throw new IllegalStateException(repository.displayName() + ": " + report.findings());
            }
        }
    }
}
