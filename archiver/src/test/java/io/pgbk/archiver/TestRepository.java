package io.pgbk.archiver;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.InitOptions;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/** An encrypted repository in a directory, with one cluster. */
public final class TestRepository implements AutoCloseable {
    /** The cluster's name. */
    public static final ClusterName CLUSTER = new ClusterName("main");

    private final Path directory;
    private final Secret key = Secret.random(new SecureRandom(), 32);
    private final Repository repository;

    private TestRepository(Path directory) {
        this.directory = directory;
        this.repository = Repository.initialise(newStore(), encryption(), InitOptions.SAFE, runtime())
                .repository();
    }

    /** Initialises a new repository and joins the cluster whose files these are. */
    public static TestRepository of(Path directory, Path dataDirectory) {
        TestRepository created = new TestRepository(directory);
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
                List.of(new UnlockSecret.KeyFile(Secret.copyOf(key.copy()), "the test's key")));
    }

    private static RepositoryRuntime runtime() {
        RepositoryRuntime system =
                RepositoryRuntime.system(Compression.DEFAULT, Path.of(System.getProperty("java.io.tmpdir")));
        return new RepositoryRuntime(
                system.clock(),
                new FastTime(),
                system.random(),
                system.owner(),
                system.compression(),
                system.temporaryDirectory());
    }

    /** Opens it once more, as another process would. */
    public ClusterCatalog openAgain(EncryptionSettings encryption) {
        return new ClusterCatalog(Repository.open(newStore(), encryption, runtime()), CLUSTER);
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
