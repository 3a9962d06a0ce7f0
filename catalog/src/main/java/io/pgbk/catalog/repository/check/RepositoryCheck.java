package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.envelope.FrameCodec;
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
    private final Workers workers;
    private final TaskMonitor monitor;

    /**
     * A check.
     *
     * @param sample which packs and WAL files are read; everything else is read whole, and the presence and length of
     *     packs is checked always
     * @param workers run the reading, each with buffers for {@link #bufferBytes}; stay open
     */
    public RepositoryCheck(ClusterCatalog catalog, Sample sample, Workers workers, TaskMonitor monitor) {
        this.catalog = catalog;
        this.sample = sample;
        this.workers = workers;
        this.monitor = monitor;
    }

    /** What a worker needs: a pack is read with what was reserved for it, WAL on the heap with what is counted here. */
    public static long bufferBytes() {
        return PackReader.bufferBytes(FormatLimits.DEFAULT_FRAME_BYTES)
                + FrameCodec.readingBytes(FormatLimits.DEFAULT_FRAME_BYTES);
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
        MetadataCheck metadata = new MetadataCheck(catalog, workers, tally, monitor);
        metadata.checkRepository();
        if (label.isPresent()) {
            metadata.checkLabel(label.get());
        } else {
            metadata.checkCluster();
        }
        BackupListing listing = catalog.backups().listing();
        new LabelCheck(catalog, tally).run(metadata.labels(), metadata.incarnations(), restricted(listing, label));
        DataCheck data = new DataCheck(catalog, sample, workers, tally, monitor);
        Set<Label> gone = new HashSet<>(data.run(backups));
        List<BackupRecord> there = backups.stream()
                .filter(backup -> !gone.contains(backup.label()))
                .toList();
        WalCheck wal = new WalCheck(catalog, sample, workers, tally, monitor);
        if (label.isPresent()) {
            for (BackupRecord backup : there) {
                wal.checkWalOf(backup);
            }
        } else {
            wal.checkAll(there, metadata.incarnations());
        }
        return new Result(tally, gone);
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
