package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.FramePacker;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.ManifestProposal;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.KeptHold;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One compaction: moves frames first, for all backups that are emptied, then gives each user its one new manifest, the
 * oldest first, because it owns what the younger ones use. When no manifest can have been confirmed, what was written is
 * removed.
 */
final class CompactionRun implements AutoCloseable {
    private final ClusterCatalog cluster;
    private final Repository repository;
    private final Map<Label, BackupRecord> backups;
    private final Leases.Lease lease;
    private final KeptHold hold;
    private final TaskMonitor monitor;
    private final FrameSurvey survey;
    private final NewPackNames names;
    private final List<String> written = new ArrayList<>();
    private final PackTable table = new PackTable(_ -> nameOfNext());
    private final FramePacker packer;
    private final MovedFrames moved = new MovedFrames();
    private final List<CompactionPlan.Move> done = new ArrayList<>();
    private final Set<Label> users = new LinkedHashSet<>();
    private final Map<Label, PgbkException> failed = new LinkedHashMap<>();
    private Optional<Label> owner = Optional.empty();
    private boolean mayBeConfirmed;

    /** @param backups all by label, in their order */
    CompactionRun(
            ClusterCatalog cluster,
            Map<Label, BackupRecord> backups,
            Leases.Lease lease,
            KeptHold hold,
            TaskMonitor monitor) {
        this.cluster = cluster;
        this.repository = cluster.repository();
        this.backups = backups;
        this.lease = lease;
        this.hold = hold;
        this.monitor = monitor;
        this.survey = new FrameSurvey(cluster, monitor);
        this.names = new NewPackNames(repository, cluster.name());
        this.packer = new FramePacker(
                repository.store(),
                repository.keys(),
                table,
                repository.runtime().compression(),
                repository.runtime().random());
    }

    private String nameOfNext() {
        lease.proveHeld();
        String path = names.next(owner.orElseThrow());
        written.add(path);
        return path;
    }

    /**
     * Moves what is used of one backup.
     *
     * @throws PgbkException OBJECT_DAMAGED, OBJECT_MISSING; the backup is not emptied then
     */
    void move(CompactionPlan.Move move) {
        List<BackupRecord> readers = move.users().stream()
                .map(label -> Objects.requireNonNull(backups.get(label)))
                .toList();
        owner = Optional.of(move.users().getFirst());
        MovedFrames places = new MovedFrames();
        for (FrameSurvey.UsedPack used : survey.used(move.emptied(), readers, Long.MAX_VALUE, Integer.MAX_VALUE)
                .orElse(FrameSurvey.Used.NOTHING)
                .packs()
                .values()) {
            monitor.checkCancelled();
            try {
                packer.move(used.pack(), used.frames().values(), (frame, now) -> {
                    monitor.checkCancelled();
                    places.put(used.pack(), frame, now);
                    monitor.advance(frame.storedLength());
                });
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        // The next one may have another owner.
        packer.finish();
        moved.addAll(places);
        done.add(move);
        users.addAll(move.users());
    }

    /** Notes that a backup could not be emptied; what was moved of it is needed by nobody. */
    void fail(Label label, PgbkException cause) {
        packer.finish();
        monitor.warn("backup " + label + " is not emptied: " + cause.getMessage());
        failed.put(label, cause);
    }

    /** Writes the new manifests and makes them valid. */
    CompactionReport confirm() {
        if (done.isEmpty()) {
            return new CompactionReport(List.of(), List.of(), 0, failed);
        }
        monitor.phase("manifests", -1);
        List<PackRef> packs = table.completed();
        Set<Label> emptied = done.stream().map(CompactionPlan.Move::emptied).collect(Collectors.toSet());
        ManifestRewrite rewrite = new ManifestRewrite(repository, emptied, moved, packs, monitor);
        Map<Label, ManifestRewrite.Rewritten> manifests = new LinkedHashMap<>();
        Map<Label, Integer> generations = new LinkedHashMap<>();
        for (BackupRecord backup : backups.values()) {
            if (users.contains(backup.label())) {
                int generation = generationFor(backup);
                String key = RepositoryLayout.manifest(cluster.name(), backup.label(), generation);
                written.add(key);
                generations.put(backup.label(), generation);
                cluster.backups().requireManifest(backup);
                try (ManifestReader manifest = survey.open(backup)) {
                    manifests.put(backup.label(), rewrite.write(backup, manifest, key));
                }
            }
        }
        removeUnused(packs, manifests.values());
        manifests.forEach((label, manifest) -> {
            hold.checkAlive();
            ManifestProposal proposal = cluster.backups()
                    .proposeManifest(
                            Objects.requireNonNull(backups.get(label)),
                            Objects.requireNonNull(generations.get(label)),
                            manifest.manifest(),
                            manifest.packs(),
                            lease);
            // Before it is tried: an answer that is lost says nothing about whether the manifest is valid.
            mayBeConfirmed = true;
            proposal.confirm();
        });
        return new CompactionReport(
                done,
                List.copyOf(manifests.keySet()),
                packs.stream().mapToLong(PackRef::length).sum(),
                failed);
    }

    /** What was moved of a backup that could not be emptied after all. */
    private void removeUnused(List<PackRef> packs, Collection<ManifestRewrite.Rewritten> manifests) {
        Set<String> used = new HashSet<>();
        for (ManifestRewrite.Rewritten manifest : manifests) {
            for (PackUse pack : manifest.packs()) {
                used.add(RepositoryLayout.pack(cluster.name(), pack.label(), pack.number()));
            }
        }
        List<String> unused = packs.stream()
                .map(PackRef::path)
                .filter(path -> !used.contains(path))
                .toList();
        if (!unused.isEmpty()) {
            repository.store().delete(unused);
        }
    }

    /** No other holder of the lease ever has this epoch, so nobody else writes a manifest of this name. */
    private int generationFor(BackupRecord backup) {
        return Math.max(lease.epoch(), backup.manifest().generation()) + 1;
    }

    @Override
    public void close() {
        packer.close();
        if (!mayBeConfirmed && !written.isEmpty()) {
            try {
                repository.store().delete(written);
            } catch (PgbkException e) {
                // Nobody reads it, and it goes with the backup that it was written for.
                monitor.debug("what an unfinished compaction wrote stays: " + e.getMessage());
            }
        }
    }
}
