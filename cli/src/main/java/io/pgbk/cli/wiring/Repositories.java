package io.pgbk.cli.wiring;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.repository.InitOptions;
import io.pgbk.catalog.repository.InitResult;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.store.CountingObjectStore;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.cli.process.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Opens configured repositories. */
public final class Repositories {
    private final Configuration configuration;
    private final ProcessContext process;
    private final Optional<Consumer<String>> details;

    public Repositories(Configuration configuration, ProcessContext process) {
        this(configuration, process, Optional.empty());
    }

    /** Those of a command; with {@code -v} each says in the end how many requests it was sent. */
    public static Repositories of(Session session) {
        return new Repositories(
                session.configuration(),
                session.process(),
                session.options().verbose() ? Optional.of(session.console()::debug) : Optional.empty());
    }

    /** @param details is told how many requests a repository was sent, when that is closed */
    public Repositories(Configuration configuration, ProcessContext process, Optional<Consumer<String>> details) {
        this.configuration = configuration;
        this.process = process;
        this.details = details;
    }

    /**
     * The store of a repository, whether or not there is a repository in it.
     *
     * @throws io.pgbk.error.PgbkException when a file that the configuration names cannot be used
     */
    public ObjectStore openStore(ConfigurationRepository repository) {
        ObjectStore store = ObjectStores.open(StoreConfigs.of(repository, process.clock()), configuration.buffers());
        return details.<ObjectStore>map(lines -> new CountingObjectStore(store, counts -> {
                    lines.accept("requests to " + repository.name() + ": " + counts);
                    lines.accept("buffers: at most " + configuration.buffers().peak());
                }))
                .orElse(store);
    }

    /** The repository; the caller closes it. */
    public Repository open(ConfigurationRepository repository) {
        ObjectStore store = openStore(repository);
        try {
            return Repository.open(store, Encryption.of(repository), runtime());
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
    }

    /** The catalogue of the configured cluster in a repository, in as few steps as can be; the caller closes the repository. */
    public ClusterCatalog openCluster(ConfigurationRepository repository) {
        ObjectStore store = openStore(repository);
        try {
            return ClusterCatalog.open(
                    store, Encryption.of(repository), runtime(), new ClusterName(configuration.cluster()));
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
    }

    /** The repository, made when there is none; the caller closes it. */
    public InitResult initialise(ConfigurationRepository repository) {
        ObjectStore store = openStore(repository);
        try {
            boolean unsafe = repository
                    .settings()
                    .flag(repository.path("allow-unsafe-store"))
                    .orElse(false);
            return Repository.initialise(store, Encryption.of(repository), new InitOptions(unsafe), runtime());
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
    }

    /** The catalogue of the configured cluster in a repository; closing its repository is the caller's. */
    public ClusterCatalog cluster(Repository repository) {
        return new ClusterCatalog(repository, new ClusterName(configuration.cluster()));
    }

    /** What repositories need from the process. */
    public RepositoryRuntime runtime() {
        return new RepositoryRuntime(
                process.clock(),
                MonotonicTime.SYSTEM,
                process.random(),
                hostName() + ", process " + ProcessHandle.current().pid(),
                Compression.zstd(
                        configuration.settings().number("compression.level").orElseThrow()),
                process.temporaryDirectory(),
                configuration.buffers());
    }

    /** This machine's name. */
    public static String hostName() {
        try {
            // What the kernel says: asking for the local host's address would ask name servers, which costs each hook
            // time.
            String name = Files.readString(Path.of("/proc/sys/kernel/hostname"), StandardCharsets.ISO_8859_1);
            return name.isBlank() ? "unknown host" : name.strip();
        } catch (IOException e) {
            return "unknown host";
        }
    }
}
