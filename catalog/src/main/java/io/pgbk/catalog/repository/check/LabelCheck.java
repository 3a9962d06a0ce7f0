package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupSummary;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Checks what the small objects of backups say about each other: none is missing, and each summary is the one that the
 * next one was chained to.
 */
final class LabelCheck {
    private final ClusterCatalog catalog;
    private final Repository repository;
    private final Tally tally;

    LabelCheck(ClusterCatalog catalog, Tally tally) {
        this.catalog = catalog;
        this.repository = catalog.repository();
        this.tally = tally;
    }

    /**
     * Reports what is wrong.
     *
     * @param labels what was listed before the catalogue was read
     * @param incarnations that exist
     */
    void run(Map<Label, LabelNames> labels, Set<Integer> incarnations, BackupListing listing) {
        Map<Label, BackupRecord> records = new HashMap<>();
        listing.backups().forEach(backup -> records.put(backup.label(), backup));
        listing.damaged()
                .forEach((label, failure) -> tally.attemptWhole(
                        failure.code() == ErrorCode.OBJECT_MISSING
                                ? RepositoryLayout.backup(catalog.name(), label)
                                : RepositoryLayout.backupFolder(catalog.name(), label),
                        Optional.of(label),
                        () -> {
                            throw failure;
                        }));
        for (LabelNames names : labels.values()) {
            // What was removed or committed since the listing shows in a second look at the folder.
            if (!missing(names, records).isEmpty()) {
                missing(again(names.label()), records).forEach(tally::found);
            }
        }
        for (BackupRecord backup : listing.backups()) {
            if (labels.containsKey(backup.label())) {
                checkChain(backup, records);
                checkIncarnation(backup, incarnations);
            }
        }
    }

    private List<Finding> missing(LabelNames names, Map<Label, BackupRecord> records) {
        Label label = names.label();
        List<Finding> findings = new ArrayList<>();
        if (names.summaryVanished()) {
            findings.add(missing(
                    RepositoryLayout.backup(catalog.name(), label),
                    label,
                    "the backup was committed, nobody began to remove it, and its summary is gone"));
        }
        if (records.containsKey(label)) {
            if (!names.intent()) {
                findings.add(missing(
                        RepositoryLayout.intent(catalog.name(), label), label, "a committed backup has an intent"));
            }
            names.missingEvent()
                    .ifPresent(number -> findings.add(missing(
                            RepositoryLayout.event(catalog.name(), label, number),
                            label,
                            "events are numbered from 1, a later one is there")));
        }
        return findings;
    }

    private static Finding missing(String key, Label label, String message) {
        return new Finding(Finding.Kind.MISSING, key, Optional.of(label), message);
    }

    private LabelNames again(Label label) {
        LabelNames names = new LabelNames(label);
        Iterator<ObjectInfo> objects =
                repository.store().list(RepositoryLayout.backupFolder(catalog.name(), label), "");
        while (objects.hasNext()) {
            if (RepositoryLayout.parse(objects.next().key()) instanceof RepositoryObject.OfBackup object) {
                names.add(object);
            }
        }
        return names;
    }

    private void checkChain(BackupRecord backup, Map<Label, BackupRecord> records) {
        Optional<BackupSummary.PreviousSummary> previous = backup.summary().previous();
        if (previous.isEmpty()) {
            return;
        }
        Label label = previous.get().label();
        String key = RepositoryLayout.backup(catalog.name(), label);
        BackupRecord before = records.get(label);
        if (before != null && before.summary().sequence() > backup.summary().sequence()) {
            // The label was removed, and a copy brought the backup back: this summary is the one of its later life.
            return;
        }
        if (before != null && !before.summarySha256().equals(previous.get().sha256())) {
            tally.found(new Finding(
                    Finding.Kind.DAMAGED,
                    key,
                    Optional.of(label),
                    "this is not the summary that was there when backup " + backup.label() + " was committed"));
        } else if (before != null
                && backup.summary().sequence() != before.summary().sequence() + 1) {
            tally.found(new Finding(
                    Finding.Kind.DAMAGED,
                    RepositoryLayout.backup(catalog.name(), backup.label()),
                    Optional.of(backup.label()),
                    "it has sequence number " + backup.summary().sequence() + " and follows a summary with "
                            + before.summary().sequence()));
        }
    }

    private void checkIncarnation(BackupRecord backup, Set<Integer> incarnations) {
        int number = backup.summary().facts().incarnation();
        String key = RepositoryLayout.incarnation(catalog.name(), number);
        if (!incarnations.contains(number) && repository.store().findLength(key).isEmpty()) {
            tally.found(missing(key, backup.label(), "the backup is of an incarnation that is not there"));
        }
    }
}
