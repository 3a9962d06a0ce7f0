package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.KeptHold;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Copies a cluster's backups and WAL from one repository into another, under the other one's keys. A copy that was
 * interrupted goes on with the packs that are there; a backup is listed only when all of it is.
 */
public final class RepositoryCopy {
    private final ClusterCatalog from;
    private final ClusterCatalog to;

    public RepositoryCopy(ClusterCatalog from, ClusterCatalog to) {
        this.from = from;
        this.to = to;
    }

    /**
     * What to copy.
     *
     * @param backup just this one, what it is built on, and the WAL that they need; empty for every backup and all WAL
     * @param parallel packs or WAL files at a time
     * @param dryRun whether only to say what would be copied
     */
    public record Request(Optional<Label> backup, int parallel, boolean dryRun) {}

    /**
     * Copies.
     *
     * @throws PgbkException USAGE when both are one repository, OTHER_CLUSTER, REPOSITORY_NOT_INITIALISED,
     *     NO_FITTING_BACKUP
     */
    public CopyReport run(Request request, TaskMonitor monitor) {
        if (from.repository().id().equals(to.repository().id())) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    from.repository().displayName() + " and " + to.repository().displayName() + " are one repository",
                    "Name two different repositories.");
        }
        from.newestIncarnation();
        BackupListing listing = from.backups().listing();
        List<BackupRecord> source = listing.backups();
        Set<Label> present =
                to.backups().list().stream().map(BackupRecord::label).collect(Collectors.toSet());
        CopyPlanner.CopyPlan planned = CopyPlanner.plan(source, present, request.backup());
        List<BackupRecord> plan = planned.backups();
        List<CopyReport.CopiedBackup> done = new ArrayList<>();
        // A backup whose summary cannot be read is not copied either, and that must not pass in silence.
        List<PgbkException> failures =
                new ArrayList<>(request.backup().isEmpty() ? listing.damaged().values() : List.of());
        planned.leftOut().forEach((label, failure) -> {
            failures.add(failure);
            done.add(failed(label, failure));
        });
        if (request.dryRun()) {
            plan.forEach(backup -> done.add(planned(backup)));
            return new CopyReport(done, 0, 0, failures);
        }
        Map<Integer, Incarnation> targets = new HashMap<>();
        Map<Integer, Incarnation> sources = new HashMap<>();
        List<Incarnation> known = from.incarnations();
        List<Incarnation> here = to.follow(known);
        for (int i = 0; i < known.size(); i++) {
            targets.put(known.get(i).number(), here.get(i));
            sources.put(here.get(i).number(), known.get(i));
        }
        WalCopier wal = new WalCopier(from, to, sources, request.parallel(), monitor);
        for (Incarnation incarnation : here) {
            List<BackupRecord> of = plan.stream()
                    .filter(backup -> incarnation.equals(
                            targets.get(backup.summary().facts().incarnation())))
                    .toList();
            if (request.backup().isEmpty()) {
                wal.beginEverything(incarnation);
            } else if (!of.isEmpty()) {
                wal.begin(incarnation, of);
            }
        }
        long bytes = copyBackups(
                plan, targets, new BackupCopier(from, to, wal, request.parallel(), monitor), done, failures, monitor);
        if (request.backup().isEmpty()) {
            monitor.phase("copy WAL", -1);
            for (Incarnation incarnation : here) {
                wal.copyEverything(incarnation);
            }
            failures.addAll(wal.failures());
        }
        failures.addAll(wal.end());
        return new CopyReport(done, wal.files(), bytes + wal.bytes(), failures);
    }

    private static CopyReport.CopiedBackup planned(BackupRecord backup) {
        int packs = (int) backup.packs().stream()
                .filter(pack -> pack.label().equals(backup.label()))
                .count();
        return new CopyReport.CopiedBackup(
                backup.label(),
                CopyReport.State.PLANNED,
                packs,
                backup.summary().facts().storedBytes(),
                Optional.empty());
    }

    private static CopyReport.CopiedBackup copied(BackupRecord backup) {
        return new CopyReport.CopiedBackup(
                backup.label(),
                CopyReport.State.COPIED,
                planned(backup).packs(),
                backup.summary().facts().storedBytes(),
                Optional.empty());
    }

    private static CopyReport.CopiedBackup failed(Label label, PgbkException failure) {
        return new CopyReport.CopiedBackup(
                label, CopyReport.State.FAILED, 0, 0, Optional.ofNullable(failure.getMessage()));
    }

    private long copyBackups(
            List<BackupRecord> plan,
            Map<Integer, Incarnation> targets,
            BackupCopier copier,
            List<CopyReport.CopiedBackup> done,
            List<PgbkException> failures,
            TaskMonitor monitor) {
        long bytes = 0;
        Set<Label> failed = new LinkedHashSet<>();
        for (BackupRecord backup : plan) {
            monitor.checkCancelled();
            try {
                if (backup.owners().stream().anyMatch(failed::contains)) {
                    throw new PgbkException(
                            ErrorCode.OBJECT_MISSING,
                            "backup " + backup.label() + " is built on one that could not be copied",
                            null);
                }
                BackupRecord copied = copyHeld(backup, targets, copier);
                bytes += copied.summary().facts().storedBytes();
                done.add(copied(copied));
            } catch (PgbkException e) {
                switch (e.code()) {
                    // What is wrong with one backup must not keep the others from being copied.
                    case OBJECT_DAMAGED,
                            OBJECT_MISSING,
                            WAL_GAP,
                            WAL_CONFLICT,
                            TIMELINE_CONFLICT,
                            NO_FITTING_BACKUP,
                            REFUSED_BY_POLICY -> {
                        Optional<BackupRecord> listed = to.backups().find(backup.label());
                        if (listed.isPresent()) {
                            // Another copy came to its end while this one waited for it.
                            done.add(copied(listed.get()));
                        } else {
                            failed.add(backup.label());
                            failures.add(e);
                            done.add(failed(backup.label(), e));
                        }
                    }
                    default -> throw e;
                }
            }
        }
        return bytes;
    }

    private BackupRecord copyHeld(BackupRecord backup, Map<Integer, Incarnation> targets, BackupCopier copier) {
        Incarnation incarnation = targets.get(backup.summary().facts().incarnation());
        if (incarnation == null) {
            throw new PgbkException(
                    ErrorCode.OBJECT_MISSING,
                    "backup " + backup.label() + " is of incarnation "
                            + backup.summary().facts().incarnation() + ", which is not there",
                    "Run `pgbk verify`.");
        }
        try (KeptHold held = KeptHold.take(
                from.holds(),
                "copy",
                Set.of(backup.label()),
                from.repository().runtime().monotonic())) {
            return copier.copy(backup, incarnation, held);
        }
    }
}
