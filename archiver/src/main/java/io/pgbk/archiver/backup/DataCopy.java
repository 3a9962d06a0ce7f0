package io.pgbk.archiver.backup;

import io.pgbk.archiver.ControlFile;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.files.DataDirectoryWalk;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.postgres.files.SourceDirectory;
import io.pgbk.postgres.files.SourceEntry;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.postgres.files.SourceLink;
import io.pgbk.postgres.files.SourceTablespace;
import io.pgbk.postgres.files.WalkVisitor;
import io.pgbk.task.TaskMonitor;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies a data directory into packs with several threads while its server writes, pg_control last of all.
 *
 * <p>Memory: for each thread three frames and what its upload keeps in flight; for the whole copy {@link
 * #SORTER_BYTES} of manifest entries, the rest of them in temporary files; and {@link UnitPlanner}'s few units. With the
 * default frame of 1 MiB and parts of 8 MiB that is below 256 MiB for up to eight threads, whatever the database's size.
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
    private final Optional<Parent> parent;
    private final TaskMonitor monitor;
    private final CopyTotals totals = new CopyTotals();
    private final PageFailures failures = new PageFailures();
    private final FuturePages future = new FuturePages();
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
     * @param guide what need not be read when there is a parent; the caller's
     */
    DataCopy(
            BackupPlan plan,
            Repository repository,
            Lsn startLsn,
            RateLimiter limiter,
            PackTable packs,
            Optional<Parent> parent,
            Optional<SummaryGuide> guide,
            TaskMonitor monitor) {
        this.plan = plan;
        this.repository = repository;
        this.startLsn = startLsn;
        this.limiter = limiter;
        this.packs = packs;
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
        try (CopyThreads threads = new CopyThreads(plan.parallel(), Work::new, heartbeat)) {
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

    /** What was copied, in the order of the paths. */
    Iterator<FileEntry> entries() {
        return entries.sorted();
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
                case SourceDirectory directory ->
                    entries.add(FileEntry.directory(pathOf(directory), directory.mode(), micros(directory)));
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
        private final PackWriter writer = new PackWriter(
                repository.store(),
                repository.keys(),
                packs,
                plan.packs(),
                repository.runtime().random());
        private final PackReader reader = new PackReader(repository.store(), repository.keys());
        private final CopyWorker worker = new CopyWorker(
                totals,
                limiter,
                writer,
                entries,
                plan.verifyPages()
                        ? new PageChecker(startLsn, plan.relationSegmentBlocks(), failures, future, monitor)
                        : null,
                parent.map(this::windows).orElse(null),
                plan.packs().frameBytes(),
                plan.packs().pageBytes(),
                monitor);

        private WindowCopier windows(Parent from) {
            return new WindowCopier(
                    from.packs(),
                    reader,
                    writer,
                    failures,
                    plan.packs().frameBytes(),
                    plan.packs().pageBytes(),
                    guide.orElse(null));
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
