package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.task.BufferPool;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Moves all that a manifest describes into new packs, several threads at a time, in rounds: only the files of one round
 * are in memory. Memory: for each thread {@link FileInWork#SLICE_BYTES} of content and what a pack writer and a pack
 * reader need; the entries of {@value #BATCHES_PER_THREAD} batches a thread; what {@link PackDigests} states.
 */
final class StateMove {
    private static final int BATCHES_PER_THREAD = 4;
    /** Bounds a batch of small files. */
    private static final int MOST_SLICES = 4096;

    private final Repository repository;
    private final BackupWriter writer;
    private final int parallel;
    private final TaskMonitor monitor;
    private final AtomicLong fetched = new AtomicLong();
    private final Queue<SliceMover> idle = new ConcurrentLinkedQueue<>();

    StateMove(Repository repository, BackupWriter writer, int parallel, TaskMonitor monitor) {
        this.repository = repository;
        this.writer = writer;
        this.parallel = parallel;
        this.monitor = monitor;
    }

    /** Stored bytes that were read. */
    long fetchedBytes() {
        return fetched.get();
    }

    /**
     * Moves everything; when it returns, all new packs are durable and in the table.
     *
     * @param source key of the manifest, for messages
     * @param entries takes the entries with their new places
     */
    void run(ManifestReader manifest, String source, PackTable packs, EntrySorter entries) {
        PackSettings settings = PackSettings.of(
                repository.runtime().compression(), manifest.facts().pageBytes());
        // A mover keeps its pack open between two batches, so its buffers are its own and not its thread's.
        try (BufferPool.Reservation buffers = repository
                .runtime()
                .buffers()
                .reserve("synthesis", parallel, bufferBytes(manifest, settings), monitor)) {
            run(manifest, source, packs, entries, settings, buffers.shares());
        }
    }

    private void run(
            ManifestReader manifest,
            String source,
            PackTable packs,
            EntrySorter entries,
            PackSettings settings,
            List<BufferPool.Share> shares) {
        PackDigests digests = new PackDigests();
        List<SliceMover> movers = new ArrayList<>();
        try (Workers workers = new Workers("synthesis-", shares.size())) {
            for (BufferPool.Share share : shares) {
                movers.add(new SliceMover(
                        repository,
                        manifest.packs(),
                        source,
                        digests,
                        new PackWriter(
                                repository.store(),
                                repository.keys(),
                                packs,
                                settings,
                                repository.runtime().random(),
                                share),
                        settings.frameBytes(),
                        settings.pageBytes(),
                        fetched,
                        share));
            }
            idle.addAll(movers);
            Batches batches = new Batches(manifest.files(), entries, BATCHES_PER_THREAD * movers.size());
            while (batches.hasMore()) {
                writer.checkAlive();
                workers.run(batches.next().stream()
                        .<Workers.Task>map(batch -> () -> move(batch, entries))
                        .toList());
            }
            movers.forEach(SliceMover::finish);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            movers.forEach(SliceMover::close);
        }
    }

    /** What one mover needs. */
    private long bufferBytes(ManifestReader manifest, PackSettings settings) {
        return SliceMover.bufferBytes(PackReader.largestFrame(manifest.packs()))
                + PackWriter.bufferBytes(repository.store(), settings);
    }

    private void move(List<FileInWork.Slice> batch, EntrySorter entries) throws IOException {
        monitor.checkCancelled();
        writer.checkAlive();
        SliceMover mover = idle.remove();
        List<List<Extent>> places = mover.move(batch);
        idle.add(mover);
        for (int i = 0; i < places.size(); i++) {
            FileInWork.Slice slice = batch.get(i);
            slice.file().moved(slice, places.get(i)).ifPresent(entries::add);
            monitor.advance(slice.length());
        }
    }

    /** Cuts the files into batches of one round; what has no content goes on at once. */
    private static final class Batches {
        private final Iterator<FileEntry> files;
        private final EntrySorter entries;
        private final int roundBatches;
        private Iterator<FileInWork.Slice> slices = List.<FileInWork.Slice>of().iterator();

        Batches(Iterator<FileEntry> files, EntrySorter entries, int roundBatches) {
            this.roundBatches = roundBatches;
            this.files = files;
            this.entries = entries;
        }

        boolean hasMore() {
            return slices.hasNext() || files.hasNext();
        }

        List<List<FileInWork.Slice>> next() {
            List<List<FileInWork.Slice>> round = new ArrayList<>();
            List<FileInWork.Slice> batch = new ArrayList<>();
            long bytes = 0;
            while (hasMore() && round.size() < roundBatches) {
                if (!slices.hasNext()) {
                    open(files.next());
                    continue;
                }
                FileInWork.Slice slice = slices.next();
                if (bytes + slice.length() > FileInWork.SLICE_BYTES || batch.size() == MOST_SLICES) {
                    round.add(batch);
                    batch = new ArrayList<>();
                    bytes = 0;
                }
                batch.add(slice);
                bytes += slice.length();
            }
            if (!batch.isEmpty()) {
                round.add(batch);
            }
            return round;
        }

        private void open(FileEntry entry) {
            if (entry.kind() == FileKind.FILE && entry.size() > 0) {
                slices = new FileInWork(entry).slices().iterator();
            } else {
                entries.add(entry);
            }
        }
    }
}
