package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Re-reads what a repository holds of one cluster and finds what is damaged, missing or unknown. Writes nothing. What
 * others remove at the same time, as they may, is not called missing.
 */
public final class RepositoryCheck {
    private final ClusterCatalog catalog;
    private final Sample sample;
    private final int parallel;
    private final TaskMonitor monitor;

    /**
     * A check.
     *
     * @param sample which packs and WAL files are read; everything else is read whole, and the presence and length of
     *     packs is checked always
     * @param parallel objects that are read at a time, as far as the repository's buffers have room
     */
    public RepositoryCheck(ClusterCatalog catalog, Sample sample, int parallel, TaskMonitor monitor) {
        this.catalog = catalog;
        this.sample = sample;
        this.parallel = parallel;
        this.monitor = monitor;
    }

    /**
     * Workers for objects with frames of so many bytes. Packs are read with what is reserved; documents and WAL on the
     * heap, which is counted by it. Only one set is open at a time, so that it waits for nothing that it holds itself.
     */
    private Workers workers(int frameBytes) {
        return Workers.within(
                catalog.repository().runtime().buffers(),
                "verify",
                parallel,
                PackReader.bufferBytes(frameBytes),
                monitor);
    }

    /**
     * What was found.
     *
     * @param gone backups that were removed meanwhile: nothing is said about them
     */
    public record Result(Tally tally, Set<Label> gone) {
        public Result {
            gone = Set.copyOf(gone);
        }
    }

    /**
     * Checks one backup with all that it needs, or everything.
     *
     * @param label empty for everything
     * @param backups those whose data is read
     * @throws PgbkException what says nothing about content, such as REPOSITORY_UNREACHABLE; KEY_WRONG
     *     when the keys are older than some objects
     */
    public Result run(Optional<Label> label, List<BackupRecord> backups) throws IOException {
        Tally tally = new Tally(catalog.repository().hasNewestKeys());
        Set<Integer> incarnations = checkMetadata(label, tally);
        DataCheck data = new DataCheck(catalog, sample, this::workers, tally, monitor);
        Set<Label> gone = new HashSet<>(data.run(backups));
        List<BackupRecord> there = backups.stream()
                .filter(backup -> !gone.contains(backup.label()))
                .toList();
        try (Workers workers = workers(FormatLimits.DEFAULT_FRAME_BYTES)) {
            WalCheck wal = new WalCheck(catalog, sample, workers, tally, monitor);
            if (label.isPresent()) {
                for (BackupRecord backup : there) {
                    wal.checkWalOf(backup);
                }
            } else {
                wal.checkAll(there, incarnations);
            }
        }
        return new Result(tally, gone);
    }

    /** Returns the numbers of the cluster's incarnations. */
    private Set<Integer> checkMetadata(Optional<Label> label, Tally tally) throws IOException {
        try (Workers workers = workers(FormatLimits.DEFAULT_FRAME_BYTES)) {
            MetadataCheck metadata = new MetadataCheck(catalog, workers, tally, monitor);
            metadata.checkRepository();
            if (label.isPresent()) {
                metadata.checkLabel(label.get());
            } else {
                metadata.checkCluster();
            }
            BackupListing listing = catalog.backups().listing();
            new LabelCheck(catalog, tally).run(metadata.labels(), metadata.incarnations(), restricted(listing, label));
            return metadata.incarnations();
        }
    }

    private static BackupListing restricted(BackupListing listing, Optional<Label> label) {
        if (label.isEmpty()) {
            return listing;
        }
        Map<Label, PgbkException> damaged = new HashMap<>(listing.damaged());
        damaged.keySet().retainAll(Set.of(label.get()));
        return new BackupListing(listing.backups(), listing.running(), damaged);
    }
}
