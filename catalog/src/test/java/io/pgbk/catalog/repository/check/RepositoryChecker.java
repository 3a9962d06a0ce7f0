package io.pgbk.catalog.repository.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Says whether a repository that nobody writes to meanwhile keeps its promises: every object can be read, every listed
 * backup has all that it needs, and no name is unknown.
 */
public final class RepositoryChecker {
    private RepositoryChecker() {}

    /** All findings about all clusters. */
    public static List<Finding> findings(Repository repository) {
        List<Finding> findings = new ArrayList<>();
        try {
            for (ClusterName name : repository.clusters()) {
                ClusterCatalog cluster = new ClusterCatalog(repository, name);
                List<BackupRecord> backups = cluster.backups().list();
                findings.addAll(new RepositoryCheck(cluster, Sample.ALL, 1, TaskMonitor.SILENT)
                        .run(Optional.empty(), backups)
                        .tally()
                        .findings());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return findings;
    }

    /** Fails when anything that was promised does not hold. */
    public static void assertSound(Repository repository) {
        assertThat(findings(repository).stream().filter(Finding::serious)).isEmpty();
    }
}
