package io.pgbk.archiver;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.InitOptions;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.postgres.PgControl;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An encrypted repository in a directory, with one cluster. */
public final class TestRepository implements AutoCloseable {
    /** The cluster's name. */
    public static final ClusterName CLUSTER = new ClusterName("main");

    private final Path directory;
    private final byte[] key;
    private final Repository repository;

    private TestRepository(Path directory, byte[] key) {
        this.directory = directory;
        this.key = key;
        this.repository = Repository.initialise(newStore(), encryption(), InitOptions.SAFE, runtime())
                .repository();
    }

    /** Initialises a new repository and joins the cluster whose files these are. */
    public static TestRepository of(Path directory, Path dataDirectory) {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        TestRepository created = new TestRepository(directory, key);
        created.cluster().join(identity(ControlFile.read(dataDirectory).control()));
        return created;
    }

    /** Who wrote this pg_control. */
    public static ServerIdentity identity(PgControl control) {
        return new ServerIdentity(
                control.systemIdentifier(),
                control.major().number(),
                control.catalogVersion(),
                control.walSegmentSize(),
                control.blockBytes());
    }

    private ObjectStore newStore() {
        try {
            return ObjectStores.open(new DirectoryStoreConfig(Files.createDirectories(directory)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How the configuration opens it. */
    public EncryptionSettings encryption() {
        return new EncryptionSettings.Encrypted(
                List.of(new UnlockSecret.KeyFile(Secret.copyOf(key), "the test's key")));
    }

    private static RepositoryRuntime runtime() {
        return runtime(InstantSource.system(), new FastTime(), Optional.empty());
    }

    private static RepositoryRuntime runtime(InstantSource clock, MonotonicTime time, Optional<String> owner) {
        RepositoryRuntime system =
                RepositoryRuntime.system(Compression.DEFAULT, Path.of(System.getProperty("java.io.tmpdir")));
        return new RepositoryRuntime(
                clock,
                time,
                system.random(),
                owner.orElse(system.owner()),
                system.compression(),
                system.temporaryDirectory());
    }

    /** Opens it once more, as another process would. */
    public ClusterCatalog openAgain(EncryptionSettings encryption) {
        return new ClusterCatalog(Repository.open(newStore(), encryption, runtime()), CLUSTER);
    }

    /** Opens it as a host does whose clock says something else and whose time passes at another speed. */
    public ClusterCatalog openAgain(InstantSource clock, MonotonicTime time, String owner) {
        return new ClusterCatalog(
                Repository.open(newStore(), encryption(), runtime(clock, time, Optional.of(owner))), CLUSTER);
    }

    /** Opens the repository of another process's test. */
    public static TestRepository existing(Path directory, byte[] key) {
        return new TestRepository(directory, key);
    }

    /** Opens it so much later: the host's clock and the store's have gone on. */
    public ClusterCatalog openLater(Duration later) {
        ObjectStore store = newStore();
        ObjectStore laterStore = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (_, method, arguments) -> {
                    try {
                        Object result = method.invoke(store, arguments);
                        return result instanceof Instant time ? time.plus(later) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        InstantSource clock = InstantSource.offset(InstantSource.system(), later);
        return new ClusterCatalog(
                Repository.open(laterStore, encryption(), runtime(clock, new FastTime(), Optional.empty())), CLUSTER);
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** What opens it. */
    public byte[] key() {
        return key.clone();
    }

    public Repository repository() {
        return repository;
    }

    public ClusterCatalog cluster() {
        return new ClusterCatalog(repository, CLUSTER);
    }

    public WalArchive wal() {
        return cluster().wal(cluster().newestIncarnation());
    }

    /** All keys that start like this. */
    public List<String> keys(String prefix) {
        List<String> keys = new ArrayList<>();
        repository.store().list(prefix, "").forEachRemaining((ObjectInfo object) -> keys.add(object.key()));
        return keys;
    }

    @Override
    public void close() {
        repository.close();
    }
}
