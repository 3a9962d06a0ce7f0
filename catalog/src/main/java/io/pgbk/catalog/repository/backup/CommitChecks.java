package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Proves, just before a backup is listed, that everything it needs is in the repository. */
final class CommitChecks {
    private final Repository repository;
    private final ClusterName cluster;

    CommitChecks(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    /** What the caller says must agree with what it began. */
    void requireConsistent(Label label, BackupCatalog.BackupStart start, BackupFacts facts) {
        boolean consistent = facts.incarnation() == start.incarnation().number()
                && facts.parent().equals(start.parent())
                && !facts.stopLsn().isBefore(facts.startLsn());
        if (!consistent) {
            throw new IllegalArgumentException(
                    "the facts of backup " + label + " are not those of its start: " + facts);
        }
    }

    void requireManifest(String key, ManifestWriter.ManifestRef manifest) {
        if (!manifest.path().equals(key)) {
            throw new IllegalArgumentException("the manifest is " + manifest.path() + ", not " + key);
        }
        requireLength(key, repository.store().findLength(key), manifest.length());
    }

    void requirePacks(List<PackUse> packs) {
        Map<String, Map<Integer, PackUse>> byLabel = new TreeMap<>();
        for (PackUse pack : packs) {
            byLabel.computeIfAbsent(pack.label().value(), ignored -> new HashMap<>())
                    .put(pack.number(), pack);
        }
        byLabel.values().forEach(expected -> {
            PackUse any = expected.values().iterator().next();
            Iterator<ObjectInfo> objects =
                    repository.store().list(RepositoryLayout.packFolder(cluster, any.label()), "");
            while (objects.hasNext() && !expected.isEmpty()) {
                ObjectInfo object = objects.next();
                if (RepositoryLayout.parse(object.key()) instanceof RepositoryObject.Pack pack) {
                    PackUse use = expected.remove(pack.number());
                    if (use != null) {
                        requireLength(object.key(), OptionalLong.of(object.length()), use.storedBytes());
                    }
                }
            }
            expected.values().stream()
                    .findFirst()
                    .ifPresent(missing -> requireLength(
                            RepositoryLayout.pack(cluster, missing.label(), missing.number()),
                            OptionalLong.empty(),
                            missing.storedBytes()));
        });
    }

    private void requireLength(String key, OptionalLong actual, long expected) {
        if (actual.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.OBJECT_MISSING,
                    "object " + key + " is not in " + repository.displayName() + " although it was written",
                    "Find out who removes objects there (a lifecycle rule?), then start the backup again.");
        }
        if (actual.getAsLong() != expected) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "object " + key + " in " + repository.displayName() + " has " + actual.getAsLong() + " bytes, not "
                            + expected);
        }
    }

    /** What did not say at its start which WAL it needs asks now whether some of that goes, or is to go, on purpose. */
    void requireKeptWal(BackupCatalog.BackupStart start, BackupFacts facts) {
        if (start.wal().isEmpty()) {
            new WalArchive(repository, start.incarnation())
                    .trimming()
                    .requireKept(new Holds.WalRange(
                            facts.incarnation(), facts.timeline(), facts.startLsn(), Optional.of(facts.stopLsn())));
        }
    }

    void requireWal(Incarnation incarnation, BackupFacts facts) {
        WalArchive archive = new WalArchive(repository, incarnation);
        TimelineHistory line =
                archive.history(facts.timeline()).orElseGet(() -> TimelineHistory.root(facts.timeline()));
        List<WalSegmentName> missing = archive.missing(line, facts.startLsn(), facts.stopLsn(), 1);
        if (!missing.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.WAL_GAP,
                    "WAL segment " + missing.getFirst() + " is not in " + repository.displayName()
                            + "; the backup needs all WAL from " + facts.startLsn() + " to " + facts.stopLsn(),
                    "Check archive_command: it must be `pgbk archive-push %p` of this configuration.");
        }
    }
}
