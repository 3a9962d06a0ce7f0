package io.pgbk.integration;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.postgres.WalFileName;
import io.pgbk.testkit.AsPostgres;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** A repository of a site as this JVM sees it: what another host would find in it, at once and without a process. */
final class RepositoryView implements AutoCloseable {
    private static final int MAX_OBJECT_BYTES = 80 << 20;

    /** So that a lease that nobody renews is seen to run out in less than a second. */
    private static final MonotonicTime HASTY = new MonotonicTime() {
        private static final int FACTOR = 150;

        @Override
        public long nanoTime() {
            return System.nanoTime() * FACTOR;
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
            Thread.sleep(time.dividedBy(FACTOR));
        }
    };

    private final Site.Repository where;
    private final Path directory;
    private final ObjectStore store;
    private final Repository repository;

    /** @param directory where it lies when it is a directory */
    RepositoryView(Site.Repository where, Path directory, byte[] key) {
        this.where = where;
        this.directory = directory;
        this.store = Soundness.open(where, directory);
        this.repository = Repository.open(
                store,
                Soundness.encryption(Optional.of(key)),
                new RepositoryRuntime(
                        InstantSource.system(),
                        HASTY,
                        new SecureRandom(),
                        "the harness",
                        Compression.DEFAULT,
                        Path.of("/tmp")));
    }

    String name() {
        return where.name();
    }

    /** A copy of everything under another prefix of the same store. */
    RepositoryView copy(String prefix, byte[] key) {
        Site.Repository other = new Site.Repository(where.name(), where.store(), prefix, where.moreYaml());
        Path place = directory.resolveSibling(Path.of(prefix).getFileName());
        if (where.store() == StoreKind.DIRECTORY) {
            AsPostgres.createDirectory(place);
        }
        try (ObjectStore target = Soundness.open(other, place)) {
            put(target, objects());
        }
        RepositoryView copy = new RepositoryView(other, place, key);
        copy.own();
        return copy;
    }

    String prefix() {
        return where.prefix();
    }

    ClusterCatalog cluster(String name) {
        return new ClusterCatalog(repository, new ClusterName(name));
    }

    /** The labels of the listed backups; fails when one of them cannot be read. */
    List<String> listed(String cluster) {
        return cluster(cluster).backups().list().stream()
                .map(backup -> backup.label().value())
                .toList();
    }

    /**
     * Takes the lease that a killed backup left over and releases it, by the rules for everybody: only time passes
     * faster.
     */
    void outliveTheLease(String cluster) {
        cluster(cluster)
                .leases()
                .acquire(BackupCatalog.LEASE, "the harness", Duration.ofHours(1))
                .close();
        own();
    }

    /** The content that archive-get would deliver; empty is proved absence. */
    Optional<byte[]> wal(String cluster, String segment) {
        ClusterCatalog catalog = cluster(cluster);
        WalArchive archive = catalog.wal(catalog.newestIncarnation());
        Optional<WalObject> object = archive.find(WalFileName.parse(segment).orElseThrow());
        return object.map(found -> {
            ByteArrayOutputStream content = new ByteArrayOutputStream(1 << 20);
            archive.read(found, content);
            return content.toByteArray();
        });
    }

    /** The keys that start with a prefix. */
    List<String> keys(String prefix) {
        List<String> keys = new ArrayList<>();
        store.list(prefix, "").forEachRemaining(object -> keys.add(object.key()));
        return keys;
    }

    /** Every object with its content. */
    SortedMap<String, byte[]> objects() {
        SortedMap<String, byte[]> objects = new TreeMap<>();
        store.list("", "")
                .forEachRemaining((ObjectInfo object) ->
                        objects.put(object.key(), store.readAll(object.key(), MAX_OBJECT_BYTES)));
        return objects;
    }

    private static void put(ObjectStore store, Map<String, byte[]> objects) {
        List<String> more = new ArrayList<>();
        List<String> there = new ArrayList<>();
        store.list("", "").forEachRemaining(object -> {
            there.add(object.key());
            if (!objects.containsKey(object.key())) {
                more.add(object.key());
            }
        });
        store.delete(more);
        objects.forEach((key, content) -> {
            if (!there.contains(key)) {
                store.create(key, new BytesBody(content));
            }
        });
    }

    /** Makes this repository what it was. */
    void rewind(Map<String, byte[]> objects) {
        put(store, objects);
        own();
    }

    /** What this JVM wrote belongs to the database's user, as everything there. */
    private void own() {
        if (where.store() == StoreKind.DIRECTORY) {
            AsPostgres.own(directory);
        }
    }

    @Override
    public void close() {
        repository.close();
    }
}
