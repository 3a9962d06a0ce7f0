package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SampleArc;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryCheck;
import io.pgbk.catalog.repository.check.Sample;
import io.pgbk.catalog.repository.check.Tally;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.RollUpWriter;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Re-reads what a repository holds of a cluster (see {@link RepositoryCheck}) under a hold, and records a verdict on each
 * backup.
 */
public final class VerifyRunner {
    private static final Duration HOLD_VALIDITY = Duration.ofHours(24);

    private final ClusterCatalog catalog;
    private final RandomGenerator random;

    /** @param random chooses a sample where no earlier run recorded one */
    public VerifyRunner(ClusterCatalog catalog, RandomGenerator random) {
        this.catalog = catalog;
        this.random = random;
    }

    /**
     * Verifies.
     *
     * @throws PgbkException REPOSITORY_NOT_INITIALISED without the cluster, NO_FITTING_BACKUP for an unknown label, INTERRUPTED, REPOSITORY_UNREACHABLE and others that
     *     say nothing about the repository's content
     */
    public VerifyReport run(VerifyRequest request, TaskMonitor monitor) {
        if (catalog.repository()
                .store()
                .listChildren(RepositoryLayout.cluster(catalog.name()))
                .isEmpty()) {
            // Nothing is sound about a cluster that is not there.
            catalog.newestIncarnation();
        }
        List<BackupRecord> backups = backups(request);
        Holds.@Nullable Hold hold = hold(backups, monitor);
        SampleArc arc = SampleRotation.next(backups, request.samplePercent(), random);
        try {
            RepositoryCheck.Result result = new RepositoryCheck(
                            catalog, new Sample(arc, BackupCatalog.damagedPacks(backups)), request.parallel(), monitor)
                    .run(request.label(), backups);
            Tally tally = result.tally();
            Instant now = catalog.repository().runtime().clock().instant();
            List<BackupRecord> verified = new ArrayList<>();
            for (BackupRecord backup : backups) {
                if (!result.gone().contains(backup.label())) {
                    BackupEvent.VerifyVerdict verdict = verdict(backup.label(), arc, tally);
                    record(backup.label(), verdict, monitor);
                    verified.add(backup.with(verdict, now));
                }
            }
            if (request.label().isEmpty()) {
                rollUp(tally, monitor);
            }
            return new VerifyReport(
                    tally.verdict(),
                    request.samplePercent(),
                    arc,
                    ReadCoverage.of(verified, now),
                    tally.objects(),
                    tally.bytes(),
                    tally.findings());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (hold != null) {
                hold.close();
            }
        }
    }

    /** Those whose data is read; what cannot be listed is found by looking at everything. */
    private List<BackupRecord> backups(VerifyRequest request) {
        BackupListing listing = catalog.backups().listing();
        if (request.label().isEmpty()) {
            return listing.backups().stream()
                    .filter(backup -> !backup.expiring())
                    .toList();
        }
        Label label = request.label().get();
        return listing.damaged().containsKey(label)
                ? List.of()
                : List.of(catalog.backups().require(label));
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

    /** Who may not write does not make roll-ups; nobody needs them. */
    private void rollUp(Tally tally, TaskMonitor monitor) {
        List<String> damaged = tally.findings().stream()
                .filter(Finding::serious)
                .map(Finding::object)
                .filter(key -> RepositoryLayout.parse(key) instanceof RepositoryObject.WalIndex)
                .toList();
        try {
            for (Incarnation incarnation : catalog.incarnations()) {
                new RollUpWriter(catalog.wal(incarnation), monitor).run(damaged);
            }
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.INTERRUPTED) {
                throw e;
            }
            // The findings name what is wrong with the incarnations.
            monitor.debug("no roll-ups were made: " + e.getMessage());
        }
    }

    private static BackupEvent.VerifyVerdict verdict(Label label, SampleArc arc, Tally tally) {
        return new BackupEvent.VerifyVerdict(
                tally.verdictOf(label),
                arc.percent(),
                Optional.of(arc),
                tally.objects(),
                tally.bytes(),
                tally.firstOf(label).map(finding -> finding.object() + ": " + finding.message()),
                tally.damagedPacksOf(label));
    }

    private void record(Label label, BackupEvent.VerifyVerdict verdict, TaskMonitor monitor) {
        try {
            catalog.backups().recordVerify(label, verdict);
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.PERMISSION_DENIED) {
                throw e;
            }
            Repository repository = catalog.repository();
            monitor.warn("the verdict on " + label + " could not be recorded in " + repository.displayName());
        }
    }
}
