package io.pgbk.archiver.backup;

import io.pgbk.archiver.ControlFile;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.files.DataDirectoryWalk;
import io.pgbk.postgres.files.InitForks;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.postgres.files.SourceDirectory;
import io.pgbk.postgres.files.SourceEntry;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.postgres.files.SourceLink;
import io.pgbk.postgres.files.SourceTablespace;
import io.pgbk.postgres.files.WalkVisitor;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Copies a data directory into packs with several threads while its server writes, pg_control last of all.
 *
 * <p>Memory: the buffers of all threads are reserved in the process's pool before the first one starts; for the whole
 * copy {@link #SORTER_BYTES} of manifest entries, the rest of them in temporary files; and {@link UnitPlanner}'s few units.
 * A parent backup adds what {@link ParentFiles} and {@link ParentPacks} state, and the parent's entries of the files that
 * are in work.
 */
final class DataCopy implements AutoCloseable {
    /** Encoded manifest entries kept in memory. */
    static final long SORTER_BYTES = 32L << 20;

    private final BackupPlan plan;
    private final Repository repository;
    private final Lsn startLsn;
    private final RateLimiter limiter;
    private final PackTable packs;
    private final PackTails tails;
    private final Optional<Parent> parent;
    private final TaskMonitor monitor;
    private final CopyTotals totals = new CopyTotals();
    private final PageFailures failures = new PageFailures();
    private final FuturePages future = new FuturePages();
    private final Map<RelativePath, Path> relationDirectories = new HashMap<>();
    private InitForks unlogged = InitForks.NONE;
    private EntrySorter entries;
    private Optional<SummaryGuide> guide;
    private @Nullable String disagreement;
    private @Nullable SourceFile controlSource;
    private volatile @Nullable PgControl copiedControl;

    /** The backup that unchanged content is taken from. */
    record Parent(ManifestReader manifest, ParentPacks packs) {}

    /**
     * A copy about to be made.
     *
     * @param tails keeps the indexes of the packs that are written
     * @param guide what need not be read when there is a parent; the caller's
     */
    DataCopy(
            BackupPlan plan,
            Repository repository,
            Lsn startLsn,
            RateLimiter limiter,
            PackTable packs,
            PackTails tails,
            Optional<Parent> parent,
            Optional<SummaryGuide> guide,
            TaskMonitor monitor) {
        this.plan = plan;
        this.repository = repository;
        this.startLsn = startLsn;
        this.limiter = limiter;
        this.packs = packs;
        this.tails = tails;
        this.parent = parent;
        this.guide = guide;
        this.entries = newSorter();
        this.monitor = monitor;
    }

    private EntrySorter newSorter() {
        return new EntrySorter(repository.runtime().temporaryDirectory(), SORTER_BYTES);
    }

    /**
     * Copies everything; when it returns, all packs are durable and in the table. When WAL summaries turn out to be
     * wrong, it begins anew and reads everything: nothing can be known about what was left out until then.
     *
     * @param heartbeat called about once a second
     */
    void run(Runnable heartbeat) {
        try {
            copy(heartbeat);
        } catch (SummaryDisagreement e) {
            disagreement = e.getMessage();
            monitor.warn("the WAL summaries of PostgreSQL are wrong, and all files are read now: " + e.getMessage());
            guide = Optional.empty();
            entries.close();
            entries = newSorter();
            totals.restart();
            copy(heartbeat);
        }
    }

    private void copy(Runnable heartbeat) {
        monitor.phase("copy", plan.expectedBytes());
        Optional<ParentFiles> files =
                parent.map(backup -> new ParentFiles(backup.manifest(), guide.map(SummaryGuide::changes)));
        try (BufferPool.Reservation buffers =
                        repository.runtime().buffers().reserve("backup", plan.parallel(), bufferBytes(), monitor);
                CopyThreads threads = threads(buffers.shares(), heartbeat)) {
            UnitPlanner planner =
                    new UnitPlanner(source -> files.flatMap(known -> known.find(source)), threads::submit);
            DataDirectoryWalk.walk(plan.dataDirectory(), plan.walk(), new Visitor(planner), monitor);
            planner.flush();
            if (controlSource == null) {
                throw new PgbkException(
                        ErrorCode.POSTGRES_UNSUITABLE,
                        "'" + plan.dataDirectory() + "' has no " + ControlFile.NAME,
                        "Check postgres.data-directory.");
            }
            threads.finish();
        }
    }

    private CopyThreads threads(List<BufferPool.Share> shares, Runnable heartbeat) {
        Queue<BufferPool.Share> free = new ConcurrentLinkedQueue<>(shares);
        return new CopyThreads(shares.size(), () -> new Work(free.remove()), heartbeat);
    }

    /** What one thread needs. */
    private long bufferBytes() {
        int frameBytes = plan.packs().frameBytes();
        return CopyWorker.bufferBytes(frameBytes)
                + PackWriter.bufferBytes(repository.store(), plan.packs())
                + (parent.isPresent() ? WindowCopier.bufferBytes() + PackReader.bufferBytes(frameBytes) : 0);
    }

    /**
     * Leaves out what has turned out to belong to unlogged relations since it was copied. To be called when the server
     * has ended the backup, before {@link #failures} and {@link #entries}.
     */
    void leaveOutUnlogged() {
        unlogged = InitForks.in(relationDirectories, monitor);
        failures.forget(unlogged::rebuild);
    }

    /** What was copied, in the order of the paths; {@link #totals} are those of the backup when all were taken. */
    Iterator<FileEntry> entries() {
        Iterator<FileEntry> copied = entries.sorted();
        return unlogged.isEmpty()
                ? copied
                : StreamSupport.stream(Spliterators.spliteratorUnknownSize(copied, Spliterator.ORDERED), false)
                        .filter(this::belongs)
                        .iterator();
    }

    private boolean belongs(FileEntry entry) {
        if (!unlogged.rebuild(RelativePath.of(entry.path().toArray()))) {
            return true;
        }
        monitor.debug(entry.path() + " is left out: it turned out to be a file of an unlogged relation");
        totals.leftOut(entry.size());
        return false;
    }

    /** How WAL summaries turned out to be wrong, for people. */
    Optional<String> disagreement() {
        return Optional.ofNullable(disagreement);
    }

    CopyTotals totals() {
        return totals;
    }

    PageFailures failures() {
        return failures;
    }

    FuturePages future() {
        return future;
    }

    /** What the copied pg_control says. */
    PgControl control() {
        PgControl control = copiedControl;
        if (control == null) {
            throw new IllegalStateException("pg_control is not copied yet");
        }
        return control;
    }

    /** What is known about the pages' checksums; to be called when everything else is. */
    PageChecksums pageChecksums() {
        Optional<PageChecksums> unread = guide.flatMap(
                ignored -> parent.map(from -> from.manifest().facts().pageChecksums()));
        return PageVerification.of(control().hasDataChecksums(), plan.verifyPages(), failures, startLsn, unread);
    }

    @Override
    public void close() {
        entries.close();
    }

    private final class Visitor implements WalkVisitor {
        private final UnitPlanner planner;

        Visitor(UnitPlanner planner) {
            this.planner = planner;
        }

        @Override
        public void entry(SourceEntry entry) {
            switch (entry) {
                case SourceFile file -> {
                    if (file.isControlFile()) {
                        controlSource = file;
                    } else {
                        planner.add(file);
                    }
                }
                case SourceDirectory directory -> {
                    entries.add(FileEntry.directory(pathOf(directory), directory.mode(), micros(directory)));
                    if (InitForks.canBeIn(directory.path())) {
                        relationDirectories.put(directory.path(), directory.file());
                    }
                }
                case SourceLink link -> addLink(link, link.target());
                case SourceTablespace tablespace -> addLink(tablespace, tablespace.target());
            }
        }

        private void addLink(SourceEntry link, String target) {
            entries.add(FileEntry.symlink(
                    pathOf(link), Bytes.of(target.getBytes(StandardCharsets.ISO_8859_1)), micros(link)));
            totals.copied(0);
        }

        @Override
        public void warning(RelativePath path, String message) {
            monitor.warn(path + ": " + message);
        }
    }

    private static Bytes pathOf(SourceEntry entry) {
        return Bytes.of(entry.path().bytes());
    }

    private static long micros(SourceEntry entry) {
        return entry.modified().to(TimeUnit.MICROSECONDS);
    }

    private final class Work implements CopyThreads.Work {
        private final PackWriter writer;
        private final PackReader reader;
        private final CopyWorker worker;

        Work(Buffers buffers) {
            writer = new PackWriter(
                    repository.store(),
                    repository.keys(),
                    packs,
                    plan.packs(),
                    repository.runtime().random(),
                    buffers,
                    tails);
            reader = new PackReader(repository.store(), repository.keys(), buffers);
            worker = new CopyWorker(
                    totals,
                    limiter,
                    writer,
                    entries,
                    plan.verifyPages()
                            ? new PageChecker(startLsn, plan.relationSegmentBlocks(), failures, future, monitor)
                            : null,
                    parent.map(from -> windows(from, buffers)).orElse(null),
                    plan.packs().frameBytes(),
                    plan.packs().pageBytes(),
                    buffers,
                    monitor);
        }

        private WindowCopier windows(Parent from, Buffers buffers) {
            return new WindowCopier(
                    from.packs(),
                    reader,
                    writer,
                    failures,
                    plan.packs().frameBytes(),
                    plan.packs().pageBytes(),
                    guide.orElse(null),
                    buffers);
        }

        @Override
        public void copy(WorkUnit unit) {
            worker.copy(unit);
        }

        @Override
        public void copyLast() {
            SourceFile source = controlSource;
            if (source == null) {
                throw new IllegalStateException("the walk found no " + ControlFile.NAME);
            }
            ControlFile file = ControlFile.read(plan.dataDirectory());
            byte[] content = file.content();
            worker.copyContent(withSize(source, content.length), content);
            copiedControl = file.control();
        }

        private SourceFile withSize(SourceFile source, long size) {
            return new SourceFile(
                    source.path(), source.file(), source.mode(), source.modified(), size, source.relation());
        }

        @Override
        public void finish() {
            worker.finish();
        }

        @Override
        public void close() {
            reader.close();
            writer.close();
        }
    }
}
