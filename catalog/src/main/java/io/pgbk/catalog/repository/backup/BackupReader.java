package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.ParallelReads;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.Documents;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.document.StoredDocument;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Reads what a cluster's backup folders hold. */
final class BackupReader {
    /** A timeline's number is higher than its ancestors', and along one line LSNs only grow. */
    static final Comparator<BackupRecord> ORDER = Comparator.comparingInt(
                    (BackupRecord backup) -> backup.summary().facts().incarnation())
            .thenComparing(backup -> backup.summary().timeline(), Integer::compareUnsigned)
            .thenComparing(backup -> backup.summary().stopLsn())
            .thenComparingInt(backup -> backup.summary().sequence());

    private final Repository repository;
    private final ClusterName cluster;

    BackupReader(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    private Documents documents() {
        return repository.documents();
    }

    /** All labels by one listing. */
    Collection<BackupFolder> folders() {
        return folders(RepositoryLayout.backups(cluster));
    }

    private Collection<BackupFolder> folders(String prefix) {
        Map<String, BackupFolder> folders = new TreeMap<>();
        Iterator<ObjectInfo> objects = repository.store().list(prefix, "");
        while (objects.hasNext()) {
            if (RepositoryLayout.parse(objects.next().key()) instanceof RepositoryObject.OfBackup object) {
                folders.computeIfAbsent(object.label().value(), ignored -> new BackupFolder(object.label()))
                        .add(object);
            }
        }
        return folders.values();
    }

    private sealed interface Read {
        record Listed(BackupRecord backup) implements Read {}

        record Running(RunningBackup backup) implements Read {}

        record Damaged(Label label, PgbkException failure) implements Read {}

        record Nothing() implements Read {}
    }

    BackupListing list() {
        List<BackupRecord> backups = new ArrayList<>();
        List<RunningBackup> running = new ArrayList<>();
        Map<Label, PgbkException> damaged = new HashMap<>();
        for (Read read : ParallelReads.map(List.copyOf(folders()), this::read)) {
            switch (read) {
                case Read.Listed listed -> backups.add(listed.backup());
                case Read.Running found -> running.add(found.backup());
                case Read.Damaged found -> damaged.put(found.label(), found.failure());
                case Read.Nothing ignored -> {}
            }
        }
        backups.sort(ORDER);
        return new BackupListing(backups, running, damaged);
    }

    private Read read(BackupFolder folder) {
        try {
            if (folder.ended()) {
                return record(folder).<Read>map(Read.Listed::new).orElseGet(Read.Nothing::new);
            }
            if (folder.events().isEmpty() || isUnfinishedCopy(folder)) {
                return folder.intent()
                        ? running(folder).<Read>map(Read.Running::new).orElseGet(Read.Nothing::new)
                        : new Read.Nothing();
            }
            return isRestOfRemoval(folder)
                    ? new Read.Nothing()
                    : new Read.Damaged(folder.label(), vanished(folder.label()));
        } catch (ObjectMissingException e) {
            // Removed since it was listed.
            return new Read.Nothing();
        } catch (PgbkException e) {
            return switch (e.code()) {
                case OBJECT_DAMAGED, FORMAT_TOO_NEW, KEY_WRONG, ENCRYPTION_MISMATCH ->
                    new Read.Damaged(folder.label(), e);
                default -> throw e;
            };
        }
    }

    private PgbkException vanished(Label label) {
        return new PgbkException(
                ErrorCode.OBJECT_MISSING,
                "object " + RepositoryLayout.backup(cluster, label) + " is gone: backup " + label
                        + " was committed, and nobody began to remove it",
                "Find out who removes objects in " + repository.displayName() + " (a lifecycle rule?).");
    }

    /**
     * Whether events without a summary are what a removal left: it begins with an event of its own, and takes the intent
     * before the events.
     */
    boolean isRestOfRemoval(BackupFolder folder) {
        return folder.removalLeftover()
                && !isUnfinishedCopy(folder)
                && (!folder.intent() || BackupRecord.expiry(events(folder)).isPresent());
    }

    /**
     * Whether events without a summary are what somebody wrote late, who slept since the label was that of a backup which
     * was removed then and is copied here again now. What a removal leaves was decided. A copy gives a sign of life before
     * it stores anything, so a manifest without one is that of a backup that was committed.
     */
    private boolean isUnfinishedCopy(BackupFolder folder) {
        return folder.removalLeftover()
                && folder.intent()
                && (folder.lastAlive() > 0 || folder.lastManifest() == 0)
                && running(folder).filter(RunningBackup::resumable).isPresent()
                && BackupRecord.removing(events(folder)).isEmpty();
    }

    /**
     * The number of the event by which the removal of what is left was decided; empty for an older version's, and when
     * its events are being removed just now.
     */
    Optional<Integer> decision(Label label) {
        try {
            return folders(RepositoryLayout.backupFolder(cluster, label)).stream()
                    .findFirst()
                    .flatMap(folder -> BackupRecord.removing(events(folder)))
                    .map(BackupEvent.Recorded::number);
        } catch (ObjectMissingException e) {
            return Optional.empty();
        }
    }

    /** Whether an interrupted removal left something of the label, and nothing else is there. */
    boolean isRestOfRemoval(Label label) {
        return folders(RepositoryLayout.backupFolder(cluster, label)).stream().anyMatch(this::isRestOfRemoval);
    }

    Optional<BackupRecord> find(Label label) {
        return folders(RepositoryLayout.backupFolder(cluster, label)).stream()
                .findFirst()
                .filter(BackupFolder::ended)
                .flatMap(this::record);
    }

    /** The backup that is being taken, or died, under a label, with its newest sign of life. */
    Optional<RunningBackup> running(Label label) {
        return folders(RepositoryLayout.backupFolder(cluster, label)).stream()
                .findFirst()
                .filter(folder -> !folder.ended())
                .flatMap(this::running);
    }

    /**
     * The number of the newest event under a label without an end, when these announce a removal that is not decided;
     * nobody meant what is being copied there, which nobody lists.
     */
    OptionalInt announcedWithoutEnd(Label label) {
        return folders(RepositoryLayout.backupFolder(cluster, label)).stream()
                .filter(folder -> !folder.ended())
                .map(this::events)
                .filter(events -> BackupRecord.expiry(events).isPresent()
                        && BackupRecord.removing(events).isEmpty())
                .mapToInt(events -> events.getLast().number())
                .findFirst();
    }

    /** The number of a label's newest sign of life, 0 for none. */
    int lastSignOfLife(Label label) {
        return Math.max(folder(label).lastAlive(), 0);
    }

    /** What is there of a label. */
    BackupFolder folder(Label label) {
        return folders(RepositoryLayout.backupFolder(cluster, label)).stream()
                .findFirst()
                .orElseGet(() -> new BackupFolder(label));
    }

    /** What the label's {@code backup} object says; empty when there is none. */
    Optional<BackupSummaryCodec.End> end(Label label) {
        return documents()
                .find(ObjectKind.BACKUP, RepositoryLayout.backup(cluster, label))
                .map(document -> BackupSummaryCodec.read(label, document.json()));
    }

    private Optional<BackupRecord> record(BackupFolder folder) {
        Optional<StoredDocument> document =
                documents().find(ObjectKind.BACKUP, RepositoryLayout.backup(cluster, folder.label()));
        if (document.isEmpty()) {
            return Optional.empty();
        }
        return switch (BackupSummaryCodec.read(folder.label(), document.get().json())) {
            case BackupSummaryCodec.End.Aborted ignored -> Optional.empty();
            case BackupSummaryCodec.End.Committed committed ->
                Optional.of(new BackupRecord(
                        committed.summary(),
                        document.get().storedBytes(),
                        document.get().sha256(),
                        events(folder)));
        };
    }

    private List<BackupEvent.Recorded> events(BackupFolder folder) {
        List<BackupEvent.Recorded> events = new ArrayList<>();
        for (int number : folder.events()) {
            String key = RepositoryLayout.event(cluster, folder.label(), number);
            events.add(BackupEventCodec.read(
                    number, documents().read(ObjectKind.EVENT, key).json()));
        }
        return events;
    }

    private Optional<RunningBackup> running(BackupFolder folder) {
        Optional<StoredDocument> intent =
                documents().find(ObjectKind.INTENT, RepositoryLayout.intent(cluster, folder.label()));
        if (intent.isEmpty()) {
            return Optional.empty();
        }
        JsonDocument json = intent.get().json();
        Instant started = json.time("time");
        Instant alive = folder.lastAlive() < 0
                ? started
                : documents()
                        .find(ObjectKind.ALIVE, RepositoryLayout.alive(cluster, folder.label(), folder.lastAlive()))
                        .map(document -> document.json().time("time"))
                        .orElse(started);
        return Optional.of(LabelClaims.read(folder.label(), json, alive));
    }
}
