package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.restore.directory.TablespacePlacement;
import io.pgbk.restore.directory.TargetDirectory;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries out a {@link RestorePlan}. From the first step to the last one PostgreSQL cannot start from the directory,
 * because it has no {@code pg_control}: that file gets its name by a rename when everything else is durable. A restore
 * that ends early, however, is continued by running it again with {@code --delta}.
 *
 * <p>Memory: the bound of {@link Batch}, for each thread what is reserved for it in the process's pool, and one part of
 * the manifest.
 */
public final class RestoreRunner {
    /** The file without which PostgreSQL does not start, below the data directory. */
    static final String CONTROL = "global/pg_control";

    private static final Duration HOLD_VALIDITY = Duration.ofHours(24);
    private static final int PRIVATE_DIRECTORY = 0700;
    /** Files that a backup does not restore but that a restore makes, or that must not be there. */
    private static final Set<String> NOT_RESTORED = Set.of(
            CONTROL,
            "backup_label",
            "tablespace_map",
            "backup_manifest",
            "recovery.signal",
            "standby.signal",
            "postmaster.pid",
            "postmaster.opts");

    private final ClusterCatalog catalog;
    private final InstantSource clock;
    private final Consumer<String> beforeChange;
    private final TreeSync treeSync;

    public RestoreRunner(ClusterCatalog catalog, InstantSource clock) {
        this(catalog, clock, change -> {});
    }

    /** @param beforeChange see {@link Disk} */
    RestoreRunner(ClusterCatalog catalog, InstantSource clock, Consumer<String> beforeChange) {
        this(catalog, clock, beforeChange, TreeSync.ofThisSystem());
    }

    /** As above, making the whole durable in another way. */
    RestoreRunner(ClusterCatalog catalog, InstantSource clock, Consumer<String> beforeChange, TreeSync treeSync) {
        this.catalog = catalog;
        this.clock = clock;
        this.beforeChange = beforeChange;
        this.treeSync = treeSync;
    }

    /**
     * Restores.
     *
     * @throws PgbkException OBJECT_DAMAGED or OBJECT_MISSING (naming object or file, and backup), NO_SPACE,
     *     TARGET_UNSUITABLE, INTERRUPTED, and what reading the repository throws; the directory cannot be started then
     */
    public RestoreReport run(RestorePlan plan, TaskMonitor monitor) {
        Instant start = clock.instant();
        Repository repository = catalog.repository();
        Holds.@Nullable Hold hold = takeHold(plan, monitor);
        try (ExecutorService writers = Executors.newCachedThreadPool(
                        Thread.ofPlatform().daemon().name("write-", 0).factory());
                ManifestReader manifest = ManifestReader.open(
                        repository.store(), repository.keys(), plan.manifestKey(), plan.manifestBytes());
                Workers workers = Workers.within(
                        repository.runtime().buffers(),
                        "restore",
                        plan.parallel(),
                        Batch.bufferBytes(manifest.packs()),
                        monitor);
                BlockMemory blocks = new BlockMemory(repository.runtime().buffers())) {
            Disk disk = new Disk(Disk.ownerBelow(plan.dataDirectory()), beforeChange, treeSync);
            Batch.Context context = new Batch.Context(
                    repository.store(),
                    repository.keys(),
                    manifest.packs(),
                    plan.label().value(),
                    plan.reuse(),
                    disk,
                    new AlignedBuffers(),
                    blocks,
                    writers,
                    workers,
                    monitor,
                    new AtomicLong(),
                    new AtomicLong());
            new Work(plan, manifest, context, hold).run();
            return new RestoreReport(
                    plan,
                    plan.files(),
                    context.bytesWritten().get(),
                    context.bytesFetched().get(),
                    Duration.between(start, clock.instant()));
        } catch (IOException e) {
            throw failed(plan, e);
        } finally {
            if (hold != null) {
                hold.close();
            }
        }
    }

    /** Without the right to write, the grace period of an expired backup protects the restore instead. */
    private Holds.@Nullable Hold takeHold(RestorePlan plan, TaskMonitor monitor) {
        BackupRecord backup = catalog.backups().require(plan.label());
        Set<Label> labels = new HashSet<>();
        labels.add(plan.label());
        backup.packs().forEach(pack -> labels.add(pack.label()));
        try {
            return catalog.holds()
                    .take(
                            new Holds.HoldRequest(
                                    "restore",
                                    labels,
                                    Optional.of(new Holds.WalRange(
                                            plan.incarnation().number(),
                                            plan.recovery().timeline(),
                                            plan.recovery().walFrom(),
                                            plan.recovery().walTo()))),
                            HOLD_VALIDITY);
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.PERMISSION_DENIED) {
                throw e;
            }
            monitor.warn("no hold could be written (" + e.getMessage() + "): an expiry at the same time is only kept"
                    + " away by its grace period");
            return null;
        }
    }

    private static PgbkException failed(RestorePlan plan, IOException e) {
        String reason = e instanceof FileSystemException named && named.getReason() != null
                ? String.valueOf(named.getReason())
                : String.valueOf(e.getMessage());
        boolean full = reason.contains("No space left") || reason.contains("quota");
        return new PgbkException(
                full ? ErrorCode.NO_SPACE : ErrorCode.TARGET_UNSUITABLE,
                "writing to " + FileNames.display(plan.dataDirectory()) + " failed: "
                        + (e instanceof AccessDeniedException ? "permission denied: " : "") + e.getMessage(),
                "Run the restore again with --delta when the cause is gone; it continues where it stopped.",
                e);
    }

    /** One run. */
    private final class Work {
        private final RestorePlan plan;
        private final ManifestReader manifest;
        private final ManifestFacts facts;
        private final Batch.Context context;
        private final Disk disk;
        private final TaskMonitor monitor;
        private final RestoreLayout layout;
        private final Holds.@Nullable Hold hold;

        Work(RestorePlan plan, ManifestReader manifest, Batch.Context context, Holds.@Nullable Hold hold) {
            this.plan = plan;
            this.manifest = manifest;
            this.facts = manifest.facts();
            this.context = context;
            this.disk = context.disk();
            this.monitor = context.monitor();
            this.layout = new RestoreLayout(plan.dataDirectory(), plan.tablespaces());
            this.hold = hold;
        }

        void run() throws IOException {
            byte[] control = control();
            // Nothing may have changed since the plan was made.
            TargetDirectory.inspect(plan.dataDirectory(), plan.reuse());
            hideControl(control);
            if (plan.reuse()) {
                monitor.phase("clean", -1);
                new DirectoryCleaner(
                                disk,
                                layout,
                                tablespaceVersionDirectory(),
                                plan.manifestKey(),
                                manifest.files(),
                                monitor)
                        .clean();
            }
            monitor.phase("restore", plan.databaseBytes());
            ServerFiles server = new ServerFiles(plan, facts, layout, disk);
            copy();
            monitor.phase("finish", -1);
            server.write();
            try (RestoredManifest restored = new RestoredManifest(plan, facts, layout, disk, server)) {
                restored.write(manifest.files(), control, monitor);
            }
            monitor.phase("sync", -1);
            monitor.checkCancelled();
            disk.syncTree(plan.dataDirectory());
            for (TablespacePlacement tablespace : plan.tablespaces()) {
                if (!tablespace.inPlace()) {
                    disk.syncTree(FileNames.toPath(tablespace.target()));
                }
            }
            monitor.checkCancelled();
            showControl(control);
        }

        private byte[] control() throws IOException {
            FileEntry entry = manifest.find(io.pgbk.catalog.format.Bytes.utf8(CONTROL))
                    .orElseThrow(() -> new PgbkException(
                            ErrorCode.OBJECT_DAMAGED, "manifest " + plan.manifestKey() + " has no " + CONTROL));
            byte[] content = new SmallFile(context).read(entry, CONTROL);
            PgControl parsed = PgControl.parse(content);
            if (parsed.systemIdentifier() != plan.incarnation().identity().systemIdentifier()) {
                throw new PgbkException(
                        ErrorCode.OTHER_CLUSTER,
                        "backup " + plan.label() + " holds the cluster with system identifier "
                                + parsed.systemIdentifierText() + ", not "
                                + plan.incarnation().identity().systemIdentifierText());
            }
            return PgControl.withInvalidCheckpoint(content);
        }

        /** From here on the directory cannot be started; under its other name the file says what is being done. */
        private void hideControl(byte[] control) throws IOException {
            disk.directories(plan.dataDirectory());
            disk.mode(plan.dataDirectory(), PRIVATE_DIRECTORY);
            Path global = plan.dataDirectory().resolve("global");
            disk.directory(global, PRIVATE_DIRECTORY);
            Path shown = plan.dataDirectory().resolve(CONTROL);
            Path hidden = plan.dataDirectory().resolve(TargetDirectory.HIDDEN_CONTROL);
            if (Files.exists(shown, LinkOption.NOFOLLOW_LINKS)) {
                disk.rename(shown, hidden);
            } else if (!Files.exists(hidden, LinkOption.NOFOLLOW_LINKS)) {
                Path temporary = hidden.resolveSibling(hidden.getFileName() + ".tmp");
                disk.replace(temporary, control, 0600);
                disk.rename(temporary, hidden);
            }
            disk.syncDirectory(global);
            disk.syncDirectory(plan.dataDirectory());
        }

        /** One rename is the last step: before it the directory cannot be started, after it nothing is left over. */
        private void showControl(byte[] control) throws IOException {
            Path global = plan.dataDirectory().resolve("global");
            Path hidden = plan.dataDirectory().resolve(TargetDirectory.HIDDEN_CONTROL);
            Path temporary = hidden.resolveSibling(hidden.getFileName() + ".tmp");
            disk.replace(temporary, control, 0600);
            disk.rename(temporary, hidden);
            disk.syncDirectory(global);
            disk.rename(hidden, plan.dataDirectory().resolve(CONTROL));
            disk.syncDirectory(global);
        }

        private void copy() throws IOException {
            Batch batch = new Batch(context);
            Iterator<FileEntry> entries = manifest.files();
            while (entries.hasNext()) {
                FileEntry entry = entries.next();
                String path = ManifestSurvey.path(entry, plan.manifestKey());
                Path place = layout.place(path);
                Optional<TablespacePlacement> tablespace = layout.linkAt(path);
                if (tablespace.isPresent()) {
                    Path target = FileNames.toPath(tablespace.get().target());
                    disk.directories(target);
                    if (entry.kind() == FileKind.DIRECTORY) {
                        disk.mode(target, entry.mode());
                    }
                    if (!Files.isSymbolicLink(place)) {
                        disk.symlink(place, target);
                    }
                    continue;
                }
                switch (entry.kind()) {
                    case DIRECTORY -> {
                        if (!DirectoryCleaner.isWalLink(place, path)) {
                            disk.directory(place, entry.mode());
                        }
                    }
                    case SYMLINK -> link(entry, path, place);
                    case FILE -> {
                        if (!NOT_RESTORED.contains(path)) {
                            for (Slice slice : Slice.of(entry, path, place)) {
                                batch.add(slice);
                                if (batch.isFull()) {
                                    batch.run();
                                    batch = new Batch(context);
                                    renewHold();
                                }
                            }
                        }
                    }
                }
            }
            batch.run();
        }

        /** Links of the old machine lead to live files there: they are made only in their old place. */
        private void link(FileEntry entry, String path, Path place) throws IOException {
            String source = facts.settings().getOrDefault("data_directory", "");
            if (source.equals(FileNames.characters(plan.dataDirectory()))) {
                String target = new String(entry.linkTarget().toArray(), java.nio.charset.StandardCharsets.ISO_8859_1);
                disk.symlink(place, FileNames.toPath(target));
            } else {
                disk.delete(place);
                monitor.warn("the symbolic link " + FileNames.display(path) + " is not restored");
            }
        }

        private void renewHold() {
            if (hold != null && clock.instant().isAfter(hold.until().minus(HOLD_VALIDITY.dividedBy(2)))) {
                hold.renew();
            }
        }

        private String tablespaceVersionDirectory() {
            return "PG_" + facts.postgresMajor() + "_" + Integer.toUnsignedString(facts.catalogVersion());
        }
    }
}
