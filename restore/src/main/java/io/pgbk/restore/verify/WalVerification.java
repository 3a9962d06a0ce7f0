package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalTimeline;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.restore.run.Workers;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Verifies WAL: that every segment which a backup or a timeline needs is there (a timeline that was left, up to the
 * segment before its switch point; one that was not, from its start to its last archived segment), and that archived
 * files are what was archived.
 */
final class WalVerification {
    private static final int TASKS_AT_ONCE = 512;

    private final ClusterCatalog catalog;
    private final VerifyRequest request;
    private final Sample sample;
    private final Workers workers;
    private final Tally tally;
    private final TaskMonitor monitor;

    WalVerification(
            ClusterCatalog catalog,
            VerifyRequest request,
            RandomGenerator random,
            Workers workers,
            Tally tally,
            TaskMonitor monitor) {
        this.catalog = catalog;
        this.request = request;
        this.sample = new Sample(request.samplePercent(), random);
        this.workers = workers;
        this.tally = tally;
        this.monitor = monitor;
    }

    void run(List<BackupRecord> backups, Set<Label> gone) throws IOException {
        monitor.phase("wal", -1);
        for (Incarnation incarnation : catalog.incarnations()) {
            WalArchive wal = catalog.wal(incarnation);
            for (BackupRecord backup : backups) {
                if (backup.summary().facts().incarnation() == incarnation.number() && !gone.contains(backup.label())) {
                    needs(wal, backup);
                }
            }
            if (request.label().isEmpty()) {
                gaps(wal);
                contents(wal);
            }
        }
    }

    /** The WAL without which the backup never becomes consistent. */
    private void needs(WalArchive wal, BackupRecord backup) throws IOException {
        monitor.checkCancelled();
        TimelineHistory line = wal.timelineTree()
                .history(backup.summary().timeline())
                .orElseGet(() -> TimelineHistory.root(backup.summary().timeline()));
        List<WalSegmentName> missing =
                wal.missing(line, backup.summary().startLsn(), backup.summary().stopLsn(), 100);
        for (WalSegmentName name : missing) {
            tally.found(new Finding(
                    Finding.Kind.WAL_GAP,
                    name.toString(),
                    Optional.of(backup.label().value()),
                    "the backup needs this WAL segment to become consistent, and it is not archived"));
        }
        if (request.label().isPresent()) {
            long first =
                    backup.summary().startLsn().segmentNumber(wal.incarnation().segmentSize());
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
                    tasks.add(() -> read(wal, object, Optional.of(backup.label().value())));
                }
            }
            workers.run(tasks);
        }
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

    private void contents(WalArchive wal) throws IOException {
        for (int timeline : wal.timelineTree().timelines()) {
            history(wal, timeline);
            Iterator<WalObject> objects = wal.objects(timeline);
            List<Workers.Task> tasks = new ArrayList<>();
            while (objects.hasNext()) {
                WalObject object = objects.next();
                if (sample.next()) {
                    tasks.add(() -> read(wal, object, Optional.empty()));
                }
                if (tasks.size() >= TASKS_AT_ONCE || !objects.hasNext()) {
                    workers.run(tasks);
                    tasks.clear();
                }
            }
            workers.run(tasks);
        }
    }

    private void history(WalArchive wal, int timeline) {
        try {
            if (wal.history(timeline).isPresent()) {
                tally.checked(0);
            }
        } catch (PgbkException e) {
            Finding.Kind kind = BackupVerification.kind(e).orElseThrow(() -> e);
            String name = new WalFileName.History(timeline).toString();
            tally.found(new Finding(kind, name, Optional.empty(), String.valueOf(e.getMessage())));
        }
    }

    private void read(WalArchive wal, WalObject object, Optional<String> backup) {
        monitor.checkCancelled();
        try {
            wal.read(object, OutputStream.nullOutputStream());
            tally.checked(object.storedBytes());
        } catch (PgbkException e) {
            Optional<Finding.Kind> kind = BackupVerification.kind(e);
            if (kind.isEmpty()) {
                throw e;
            }
            boolean expired = kind.get() == Finding.Kind.MISSING
                    && wal.find(object.name()).filter(object::equals).isEmpty();
            if (!expired || backup.isPresent()) {
                tally.found(new Finding(kind.get(), object.key(), backup, String.valueOf(e.getMessage())));
            }
        }
    }
}
