package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.run.Workers;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Re-reads what a repository holds of a cluster: manifests, packs, WAL, and whether the WAL is continuous. Takes a hold,
 * and asks again before it calls something missing that an expiry may have removed. Records a verdict on each backup.
 */
public final class VerifyRunner {
    private static final Duration HOLD_VALIDITY = Duration.ofHours(24);

    private final ClusterCatalog catalog;
    private final RandomGenerator random;

    /** @param random chooses the sample */
    public VerifyRunner(ClusterCatalog catalog, RandomGenerator random) {
        this.catalog = catalog;
        this.random = random;
    }

    /**
     * Verifies.
     *
     * @throws PgbkException NO_FITTING_BACKUP for an unknown label, INTERRUPTED, REPOSITORY_UNREACHABLE and others that
     *     say nothing about the repository's content
     */
    public VerifyReport run(VerifyRequest request, TaskMonitor monitor) {
        List<BackupRecord> backups = request.label().isPresent()
                ? List.of(catalog.backups().require(request.label().get()))
                : catalog.backups().list().stream()
                        .filter(backup -> !backup.expiring())
                        .toList();
        Holds.@Nullable Hold hold = hold(backups, monitor);
        Tally tally = new Tally();
        try (Workers workers = new Workers("verify-", request.parallel())) {
            Set<Label> gone = new BackupVerification(catalog, request, random, workers, tally, monitor).run(backups);
            new WalVerification(catalog, request, random, workers, tally, monitor).run(backups, gone);
            backups.stream()
                    .filter(backup -> !gone.contains(backup.label()))
                    .forEach(backup -> record(backup.label(), request, tally, monitor));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (hold != null) {
                hold.close();
            }
        }
        return new VerifyReport(
                tally.verdict(), request.samplePercent(), tally.objects(), tally.bytes(), tally.findings());
    }

    private Holds.@Nullable Hold hold(List<BackupRecord> backups, TaskMonitor monitor) {
        Set<Label> labels = new HashSet<>();
        backups.forEach(backup -> labels.add(backup.label()));
        if (labels.isEmpty()) {
            return null;
        }
        try {
            return catalog.holds().take(new Holds.HoldRequest("verify", labels, Optional.empty()), HOLD_VALIDITY);
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.PERMISSION_DENIED && e.code() != ErrorCode.NO_FITTING_BACKUP) {
                throw e;
            }
            // Without it a removal at the same time is recognised by asking again.
            monitor.warn("verifying without a hold: " + e.getMessage());
            return null;
        }
    }

    private void record(Label label, VerifyRequest request, Tally tally, TaskMonitor monitor) {
        try {
            catalog.backups()
                    .recordVerify(
                            label,
                            new BackupEvent.VerifyVerdict(
                                    tally.verdictOf(label.value()),
                                    request.samplePercent(),
                                    tally.objects(),
                                    tally.bytes(),
                                    tally.firstOf(label.value())
                                            .map(finding -> finding.object() + ": " + finding.message())));
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.PERMISSION_DENIED) {
                throw e;
            }
            Repository repository = catalog.repository();
            monitor.warn("the verdict on " + label + " could not be recorded in " + repository.displayName());
        }
    }
}
