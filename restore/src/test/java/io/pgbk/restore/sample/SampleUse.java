package io.pgbk.restore.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryCheck;
import io.pgbk.catalog.repository.check.Sample;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.restore.get.ArchiveGet;
import io.pgbk.restore.get.GetResult;
import io.pgbk.restore.get.GetSource;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.run.RecoveryRole;
import io.pgbk.restore.run.RestorePlan;
import io.pgbk.restore.run.RestorePreparation;
import io.pgbk.restore.run.RestoreRequest;
import io.pgbk.restore.run.RestoreRunner;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;

/** What people do with a repository, as the commands do it. */
final class SampleUse {
    /** Files that a restore writes otherwise than they were. */
    private static final Set<String> CHANGED = Set.of("global/pg_control", "postgresql.auto.conf", "postgresql.conf");

    private SampleUse() {}

    static VerifyReport verify(ClusterCatalog cluster) {
        return new VerifyRunner(cluster, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 1), TaskMonitor.SILENT);
    }

    /** What verify finds, without its hold and its verdicts, whose writing costs more than the reading. */
    static List<Finding> find(ClusterCatalog cluster) throws IOException {
        BackupListing listing = cluster.backups().listing();
        return new RepositoryCheck(cluster, Sample.ALL, 1, TaskMonitor.SILENT)
                .run(Optional.empty(), listing.backups())
                .tally()
                .findings();
    }

    static void restore(ClusterCatalog cluster, Label label, Path directory) {
        RestoreRequest request = new RestoreRequest(
                new RestoreGoal(
                        new RecoveryTarget.Immediate(), new TimelineChoice.Automatic(), Optional.of(label.value())),
                directory,
                false,
                List.of(),
                false,
                new RecoveryRole.Recovery(),
                TargetAction.PROMOTE,
                Optional.empty(),
                "false",
                OptionalInt.empty(),
                1);
        InstantSource clock = cluster.repository().runtime().clock();
        RestorePlan plan = new RestorePreparation(cluster, request, clock, TaskMonitor.SILENT).prepare();
        new RestoreRunner(cluster, clock).run(plan, TaskMonitor.SILENT);
    }

    static void assertRestored(Path directory, int backup) throws IOException {
        for (Map.Entry<String, byte[]> file : SampleRepository.files(backup).entrySet()) {
            if (!CHANGED.contains(file.getKey())) {
                byte[] restored = Files.readAllBytes(directory.resolve(file.getKey()));
                assertThat(Arrays.mismatch(restored, file.getValue()))
                        .as("first byte that differs in " + file.getKey())
                        .isEqualTo(-1);
            }
        }
        assertThat(directory.resolve("global/pg_control")).hasSize(8192);
    }

    /** Fetches a WAL file into a data directory in recovery. */
    static GetResult get(ClusterCatalog cluster, String name, Path dataDirectory) throws IOException {
        Path wal = Files.createDirectories(dataDirectory.resolve("pg_wal"));
        Files.writeString(dataDirectory.resolve("PG_VERSION"), "15\n");
        return new ArchiveGet(
                        List.of(new GetSource("primary", () -> cluster)),
                        Duration.ZERO,
                        cluster.repository().runtime().monotonic(),
                        TaskMonitor.SILENT)
                .get(name, wal.resolve("RECOVERYXLOG"), dataDirectory);
    }
}
