package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryCheck;
import io.pgbk.catalog.repository.check.Sample;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.catalog.store.S3Credentials;
import io.pgbk.catalog.store.S3StoreConfig;
import io.pgbk.catalog.store.Secret;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.S3Endpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What {@code pgbk verify} looks at, in this JVM and of whole repositories: every object can be read, every listed backup
 * has all that it needs, no name is unknown.
 */
final class Soundness {

    private Soundness() {}

    /** Fails when the repository breaks a promise; one that was never initialised breaks none. */
    static void check(Site.Repository where, Path directory, Optional<byte[]> key) {
        EncryptionSettings encryption = encryption(key);
        try (ObjectStore store = open(where, directory)) {
            if (!store.list("", "").hasNext()) {
                return;
            }
            RepositoryRuntime runtime = RepositoryRuntime.system(Compression.DEFAULT, Path.of("/tmp"));
            try (Repository repository = Repository.open(store, encryption, runtime)) {
                for (ClusterName cluster : repository.clusters()) {
                    check(new ClusterCatalog(repository, cluster));
                }
            }
        }
    }

    /** How a repository is opened that was made with this key, or with none. */
    static EncryptionSettings encryption(Optional<byte[]> key) {
        return key.<EncryptionSettings>map(bytes -> new EncryptionSettings.Encrypted(List.of(
                        new UnlockSecret.KeyFile(io.pgbk.catalog.format.crypto.Secret.copyOf(bytes), "the key"))))
                .orElseGet(EncryptionSettings.Plain::new);
    }

    /** Fails when what the repository holds of one cluster breaks a promise. */
    static void check(ClusterCatalog cluster) {
        List<Finding> findings;
        try {
            findings = new RepositoryCheck(cluster, Sample.ALL, 2, TaskMonitor.SILENT)
                    .run(Optional.empty(), cluster.backups().list())
                    .tally()
                    .findings();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(findings.stream().filter(Finding::serious))
                .as("what pgbk verify would say about the repository")
                .isEmpty();
    }

    static ObjectStore open(Site.Repository where, Path directory) {
        S3Endpoint endpoint = where.store().endpoint();
        if (endpoint == null) {
            return ObjectStores.open(new DirectoryStoreConfig(directory));
        }
        return ObjectStores.open(S3StoreConfig.of(endpoint.bucket(), where.prefix())
                .withEndpoint(endpoint.url(), endpoint.region(), endpoint.pathStyle())
                .withCaFile(endpoint.caFile())
                .withCredentials(new S3Credentials.Fixed(endpoint.accessKey(), new Secret(endpoint.secretKey()))));
    }
}
