package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.lease.KeptHold;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes the state of the newest backup as a new full backup, from the repository alone: no server is asked. It stands
 * for itself: what its source was built on may go afterwards.
 */
public final class SyntheticFull {
    static final int MOST_FAILURES = 10_000;

    /** Encoded manifest entries kept in memory; the rest goes to temporary files. */
    private static final long SORTER_BYTES = 32L << 20;

    private final ClusterCatalog cluster;
    private final Repository repository;
    private final Settings settings;

    public SyntheticFull(ClusterCatalog cluster, Settings settings) {
        this.cluster = cluster;
        this.repository = cluster.repository();
        this.settings = settings;
    }

    /**
     * How it is written.
     *
     * @param parallel threads that fetch, check and store
     * @param patience how long to wait for a backup that is being taken
     * @param host this machine's name
     * @param programVersion of this pgbk
     */
    public record Settings(int parallel, Duration patience, String host, String programVersion) {}

    /**
     * Writes one. When it fails, nothing is listed, and what was stored is removed.
     *
     * @param annotations of the new backup; those of the source stay the source's
     * @throws PgbkException NO_FITTING_BACKUP when there is no backup, OBJECT_DAMAGED or OBJECT_MISSING naming what of the
     *     source cannot be used, WAL_GAP when the WAL that makes it consistent is gone, HELD_BY_ANOTHER
     */
    public SyntheticOutcome run(Map<String, String> annotations, TaskMonitor monitor) {
        long started = repository.runtime().monotonic().nanoTime();
        Incarnation incarnation = cluster.newestIncarnation();
        return switch (SourceChooser.choose(cluster.backups().list(), incarnation.number())) {
            case SourceChooser.Choice.FullAlready(BackupRecord newest) ->
                new SyntheticOutcome.NothingToDo(newest.label());
            case SourceChooser.Choice.Source(BackupRecord source) ->
                write(source, incarnation, annotations, started, monitor);
        };
    }

    private SyntheticOutcome write(
            BackupRecord source,
            Incarnation incarnation,
            Map<String, String> annotations,
            long started,
            TaskMonitor monitor) {
        Set<Label> needed = new HashSet<>(source.owners());
        needed.add(source.label());
        BackupCatalog.BackupStart start = new BackupCatalog.BackupStart(
                BackupType.FULL,
                incarnation,
                Optional.empty(),
                Set.of(),
                Optional.of(new Holds.WalRange(
                        incarnation.number(),
                        source.summary().timeline(),
                        source.summary().startLsn(),
                        Optional.of(source.summary().stopLsn()))),
                settings.patience());
        try (KeptHold _ = KeptHold.take(
                        cluster.holds(),
                        "synthetic full",
                        needed,
                        repository.runtime().monotonic());
                BackupWriter writer = cluster.backups().begin(start);
                ManifestReader manifest = open(source);
                EntrySorter entries = new EntrySorter(repository.runtime().temporaryDirectory(), SORTER_BYTES)) {
            monitor.phase("copy", source.summary().facts().databaseBytes());
            PackTable packs = new PackTable(writer::packKey);
            StateMove move = new StateMove(repository, writer, settings.parallel(), monitor);
            move.run(manifest, cluster.backups().manifestKey(source), packs, entries);
            List<PackRef> refs = packs.completed();
            monitor.phase("manifest", -1);
            List<PageFailure> failures = new ArrayList<>();
            ManifestWriter.ManifestRef written = writeManifest(manifest, writer, refs, entries, failures, monitor);
            monitor.phase("commit", -1);
            BackupRecord backup = writer.commit(facts(source, refs, move.fetchedBytes(), annotations), written);
            double seconds = (repository.runtime().monotonic().nanoTime() - started) / 1e9;
            return new SyntheticOutcome.Written(backup, source.label(), failures, seconds);
        }
    }

    private ManifestReader open(BackupRecord source) {
        cluster.backups().requireManifest(source);
        return ManifestReader.open(
                repository.store(),
                repository.keys(),
                cluster.backups().manifestKey(source),
                source.manifest().storedBytes());
    }

    private ManifestWriter.ManifestRef writeManifest(
            ManifestReader source,
            BackupWriter writer,
            List<PackRef> packs,
            EntrySorter entries,
            List<PageFailure> failures,
            TaskMonitor monitor) {
        try (ObjectUpload upload = repository.store().upload(writer.manifestKey());
                ManifestWriter manifest = new ManifestWriter(
                        ByteSink.of(upload),
                        repository.keys(),
                        writer.manifestKey(),
                        repository.runtime().compression(),
                        repository.runtime().random(),
                        factsOf(source.facts(), writer.label()),
                        packs)) {
            Iterator<FileEntry> sorted = entries.sorted();
            while (sorted.hasNext()) {
                monitor.checkCancelled();
                manifest.add(sorted.next());
            }
            source.pageFailures().forEachRemaining(failure -> {
                manifest.add(failure);
                if (failures.size() < MOST_FAILURES) {
                    failures.add(failure);
                }
            });
            source.relations().forEachRemaining(manifest::add);
            ManifestWriter.ManifestRef written = manifest.finish();
            upload.complete();
            return written;
        }
    }

    private static ManifestFacts factsOf(ManifestFacts facts, Label label) {
        return facts.as(label.value(), BackupType.FULL.id(), List.of(), facts.incarnation());
    }

    private BackupFacts facts(
            BackupRecord source, List<PackRef> packs, long fetchedBytes, Map<String, String> annotations) {
        BackupFacts facts = source.summary().facts();
        List<PackUse> uses = new ArrayList<>(packs.size());
        for (PackRef pack : packs) {
            if (!(RepositoryLayout.parse(pack.path()) instanceof RepositoryObject.Pack name)) {
                throw new IllegalStateException(pack.path() + " is no pack");
            }
            uses.add(new PackUse(name.label(), name.number(), pack.length(), pack.length()));
        }
        return new BackupFacts(
                Optional.empty(),
                Optional.empty(),
                Optional.of(source.label()),
                facts.incarnation(),
                facts.timeline(),
                facts.startLsn(),
                facts.stopLsn(),
                facts.startTime(),
                facts.stopTime(),
                facts.files(),
                facts.databaseBytes(),
                fetchedBytes,
                packs.stream().mapToLong(PackRef::length).sum(),
                facts.pageErrors(),
                facts.fromStandby(),
                settings.host(),
                settings.programVersion(),
                annotations,
                uses);
    }
}
