package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalTimeline;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Checks WAL: that every segment which a backup or a timeline needs is there (a timeline that was left, up to the
 * segment before its switch point; one that was not, from its start to its last archived segment), that archived files
 * are what was archived, and that no timeline lacks its history.
 */
final class WalCheck {
    private static final int TASKS_AT_ONCE = 512;
    private static final int MAX_MISSING = 100;

    private final ClusterCatalog catalog;
    private final Repository repository;
    private final Sample sample;
    private final Workers workers;
    private final Tally tally;
    private final TaskMonitor monitor;
    private final RollUpCheck rollUps;
    /** By number; empty for one that cannot be read. */
    private final Map<Integer, Optional<WalArchive>> archives = new TreeMap<>();

    private final Map<Integer, TrimmedWal> trimmed = new TreeMap<>();

    WalCheck(ClusterCatalog catalog, Sample sample, Workers workers, Tally tally, TaskMonitor monitor) {
        this.catalog = catalog;
        this.repository = catalog.repository();
        this.sample = sample;
        this.workers = workers;
        this.tally = tally;
        this.monitor = monitor;
        this.rollUps = new RollUpCheck(tally, monitor);
    }

    /** Checks the WAL that one backup needs. */
    void checkWalOf(BackupRecord backup) throws IOException {
        Optional<WalArchive> archive = archive(backup.summary().facts().incarnation());
        if (archive.isPresent()) {
            needs(archive.get(), backup);
            readNeeded(archive.get(), backup);
        }
    }

    /** Checks all WAL, and that these backups have theirs. */
    void checkAll(List<BackupRecord> backups, Set<Integer> incarnations) throws IOException {
        monitor.phase("wal", -1);
        for (int incarnation : incarnations) {
            Optional<WalArchive> archive = archive(incarnation);
            if (archive.isPresent()) {
                rollUps.readAll(archive.get(), workers);
            }
        }
        contents();
        for (BackupRecord backup : backups) {
            archive(backup.summary().facts().incarnation()).ifPresent(archive -> needs(archive, backup));
        }
        archives.forEach((number, archive) -> archive.ifPresent(found -> tally.attemptWhole(
                RepositoryLayout.walArchive(catalog.name(), number), Optional.empty(), () -> gaps(found))));
    }

    private Optional<WalArchive> archive(int number) {
        return archives.computeIfAbsent(number, ignored -> {
            List<WalArchive> found = new ArrayList<>();
            tally.attemptWhole(
                    RepositoryLayout.incarnation(catalog.name(), number),
                    Optional.empty(),
                    () -> found.add(catalog.wal(new Incarnations(repository, catalog.name()).read(number))));
            return found.stream().findFirst();
        });
    }

    /** The WAL without which the backup never becomes consistent. */
    private void needs(WalArchive wal, BackupRecord backup) {
        monitor.checkCancelled();
        int timeline = backup.summary().timeline();
        Optional<Label> label = Optional.of(backup.label());
        tally.attemptWhole(
                RepositoryLayout.walTimeline(catalog.name(), wal.incarnation().number(), timeline), label, () -> {
                    // Start and stop are on the same timeline; what its history says about earlier ones matters not.
                    List<WalSegmentName> missing = wal.missing(
                            TimelineHistory.root(timeline),
                            backup.summary().startLsn(),
                            backup.summary().stopLsn(),
                            MAX_MISSING);
                    // A backup that was removed since, needs nothing any more.
                    boolean gone = !missing.isEmpty()
                            && catalog.backups()
                                    .find(backup.label())
                                    .filter(found -> !found.removing())
                                    .isEmpty();
                    for (WalSegmentName name : gone ? List.<WalSegmentName>of() : missing) {
                        tally.found(new Finding(
                                Finding.Kind.WAL_GAP,
                                name.toString(),
                                label,
                                "the backup needs this WAL segment to become consistent, and it is not archived"));
                    }
                });
    }

    private void readNeeded(WalArchive wal, BackupRecord backup) throws IOException {
        Lsn start = backup.summary().startLsn();
        long first = start.segmentNumber(wal.incarnation().segmentSize());
        long last = backup.summary()
                .stopLsn()
                .plus(-1)
                .segmentNumber(wal.incarnation().segmentSize());
        List<Workers.Task> tasks = new ArrayList<>();
        Iterator<WalObject> objects = wal.objects(backup.summary().timeline());
        while (objects.hasNext()) {
            WalObject object = objects.next();
            if (object.name() instanceof WalFileName.Segment(WalSegmentName name)
                    && name.number(wal.incarnation().segmentSize()) >= first
                    && name.number(wal.incarnation().segmentSize()) <= last) {
                tasks.add(() -> read(wal, object, Optional.of(backup.label())));
            }
            if (tasks.size() >= TASKS_AT_ONCE) {
                workers.run(tasks);
                tasks.clear();
            }
        }
        workers.run(tasks);
    }

    private void gaps(WalArchive wal) {
        for (WalTimeline timeline : wal.timelines()) {
            for (WalGap gap : timeline.gaps()) {
                tally.found(new Finding(
                        Finding.Kind.WAL_GAP,
                        gap.from().toString(),
                        Optional.empty(),
                        gap.from().equals(gap.to())
                                ? "WAL segment " + gap.from() + " is missing"
                                : "WAL segments " + gap.from() + " to " + gap.to() + " are missing"));
            }
        }
    }

    private void contents() throws IOException {
        WalNames names = new WalNames();
        Iterator<ObjectInfo> objects = repository.store().list(RepositoryLayout.cluster(catalog.name()) + "wal/", "");
        List<Workers.Task> tasks = new ArrayList<>();
        while (objects.hasNext()) {
            monitor.checkCancelled();
            ObjectInfo info = objects.next();
            RepositoryObject parsed = RepositoryLayout.parse(info.key());
            names.add(parsed);
            if (parsed instanceof RepositoryObject.Wal wal) {
                Optional<WalArchive> archive = archive(wal.incarnation());
                boolean chosen = wal.name() instanceof WalFileName.History
                        || sample.arc().contains(info.key());
                if (chosen && archive.isPresent()) {
                    WalObject object = new WalObject(wal.name(), wal.variant(), info.key(), info.length());
                    tasks.add(() -> read(archive.get(), object, Optional.empty()));
                }
            } else if (parsed instanceof RepositoryObject.WalEvent event) {
                tasks.add(() -> readEvent(event, info, names));
            } else {
                tally.found(new Finding(
                        Finding.Kind.UNKNOWN,
                        info.key(),
                        Optional.empty(),
                        "this version does not know what is called like that"));
            }
            if (tasks.size() >= TASKS_AT_ONCE) {
                workers.run(tasks);
                tasks.clear();
            }
        }
        workers.run(tasks);
        names.missing().forEach((key, why) -> {
            if (!wasRemoved(key) && repository.store().findLength(key).isEmpty()) {
                tally.found(new Finding(Finding.Kind.MISSING, key, Optional.empty(), why));
            }
        });
    }

    /** Whether the key is of a segment that was removed on purpose. */
    private boolean wasRemoved(String key) {
        RepositoryObject object = RepositoryLayout.parse(key);
        Optional<WalSegmentName> name = switch (object) {
            case RepositoryObject.Wal(var _, int _, WalFileName.Segment(WalSegmentName segment), String _) ->
                Optional.of(segment);
            case RepositoryObject.WalEvent event -> Optional.of(event.name());
            default -> Optional.empty();
        };
        return name.isPresent()
                && object instanceof RepositoryObject.OfWal ofWal
                && archive(ofWal.incarnation())
                        .filter(wal -> trimmed(wal)
                                .isRemoved(name.get(), wal.incarnation().segmentSize()))
                        .isPresent();
    }

    /** Read when something is missing, so behind the listing that did not show it. */
    private TrimmedWal trimmed(WalArchive wal) {
        return trimmed.computeIfAbsent(
                wal.incarnation().number(), number -> wal.trimming().read());
    }

    private void readEvent(RepositoryObject.WalEvent event, ObjectInfo info, WalNames names) {
        tally.attempt(info.key(), Optional.empty(), () -> {
            JsonDocument json =
                    repository.documents().read(ObjectKind.EVENT, info.key()).json();
            String variant = json.optionalText("variant").orElse("");
            if (variant.isEmpty() || RepositoryLayout.isVariant(variant)) {
                names.named(event, variant);
            } else {
                throw json.damaged("variant", "is none");
            }
            tally.checked(info.length());
        });
    }

    private void read(WalArchive wal, WalObject object, Optional<Label> backup) {
        monitor.checkCancelled();
        tally.attempt(object.key(), backup, () -> {
            try {
                rollUps.compare(wal, object, wal.check(object));
                tally.checked(object.storedBytes());
            } catch (ObjectMissingException e) {
                // What nobody needs may have been removed since it was listed.
                if (backup.isPresent()) {
                    throw e;
                }
                monitor.debug(e.getMessage() + ": removed meanwhile");
            }
        });
    }
}
