package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.ArchivedTime;
import io.pgbk.catalog.repository.wal.AttestedTime;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Carries out what was begun: removals whose grace period is over, ends of dead labels, and rests of both. */
final class BackupPurge {
    /** How long the name of an ended label stays taken, so that a commit that was on its way finds it so. */
    static final Duration TOMBSTONE = Duration.ofDays(30);

    private final Repository repository;
    private final ClusterName cluster;
    private final BackupReader reader;
    private final BackupRemover remover;
    private final LabelClaims claims;
    private final Holds holds;
    private final Runnable mayGoOn;

    /** @param mayGoOn called before every batch of removals; stops the purge by an exception */
    BackupPurge(
            Repository repository,
            ClusterName cluster,
            BackupReader reader,
            BackupRemover remover,
            LabelClaims claims,
            Holds holds,
            Runnable mayGoOn) {
        this.repository = repository;
        this.cluster = cluster;
        this.reader = reader;
        this.remover = remover;
        this.claims = claims;
        this.holds = holds;
        this.mayGoOn = mayGoOn;
    }

    List<BackupCatalog.Deletion> run() {
        if (!repository.storeIsSafe()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    repository.displayName() + " cannot create objects exclusively, so that nobody may clean up there",
                    "Delete single backups with `pgbk delete --now`.");
        }
        Instant now = repository.trustedNow();
        BackupListing listing = reader.list();
        LabelNeeds.requireReadable(listing);
        List<BackupCatalog.Deletion> deletions = new ArrayList<>();
        for (Label label : due(listing, now)) {
            deletions.add(remover.remove(label, mayGoOn));
        }
        for (RunningBackup running : listing.running()) {
            if (remover.dead().end(running, now)) {
                deletions.add(removeData(running.label()));
            }
        }
        // What stopped because another process had finished it was removed by that one.
        deletions.removeIf(
                deletion -> !deletion.removed() && deletion.leftovers().isEmpty());
        removeOldMarkers(listing, now);
        holds.removeExpired(now);
        return deletions;
    }

    /** Those whose removal is decided, by this or by an earlier run, dependants first. */
    private Set<Label> due(BackupListing listing, Instant now) {
        Set<Label> labels = new LinkedHashSet<>();
        Map<Label, BackupEvent.Announcement> open = new LinkedHashMap<>();
        AttestedTime server = listing.backups().stream().anyMatch(BackupRecord::expiring)
                ? newestMoment(listing)
                : AttestedTime.UNKNOWN;
        for (BackupRecord backup : listing.backups().reversed()) {
            if (backup.removing()) {
                labels.add(backup.label());
            } else if (backup.expiring() && isOver(backup, server, now)) {
                labels.add(backup.label());
                open.put(backup.label(), backup.announcement().orElseThrow());
            }
        }
        if (!open.isEmpty()) {
            labels.removeAll(remover.decide(open).keySet());
        }
        for (BackupFolder folder : reader.folders()) {
            if (reader.isRestOfRemoval(folder)) {
                labels.add(folder.label());
            }
        }
        return labels;
    }

    private AttestedTime newestMoment(BackupListing listing) {
        return new ArchivedTime(repository, cluster)
                .newestCommit()
                .or(new AttestedTime(
                        listing.backups().stream()
                                .map(backup -> backup.summary().facts().stopTime())
                                .max(Instant::compareTo),
                        true));
    }

    /**
     * Whether the grace period is over by the host's clock, by the store's and, when the server went on archiving since
     * it began, by the server's. It may have gone on where newer WAL cannot be read.
     */
    private static boolean isOver(BackupRecord backup, AttestedTime server, Instant now) {
        Instant end = backup.expiry().orElseThrow().removeAfter();
        Instant begun = backup.expiryEvent().orElseThrow().time();
        boolean wentOn =
                !server.exact() || server.time().filter(begun::isBefore).isPresent();
        boolean overThere = server.time().filter(time -> !end.isAfter(time)).isPresent();
        return !end.isAfter(now) && (overThere || !wentOn);
    }

    private BackupCatalog.Deletion removeData(Label label) {
        // As long as the marker is there nobody can have begun anew under the label.
        LabelRemoval removal = removal(label);
        removal.removeData(label);
        return remover.deletion(label, removal);
    }

    private LabelRemoval removal(Label label) {
        return new LabelRemoval(repository, cluster, () -> {
            mayGoOn.run();
            return reader.end(label)
                    .map(BackupSummaryCodec.End.Aborted.class::isInstance)
                    .orElse(false);
        });
    }

    /** What ended labels left goes after two days, the name itself when no commit can be on its way any more. */
    private void removeOldMarkers(BackupListing listing, Instant now) {
        Set<Label> listed = listing.backups().stream().map(BackupRecord::label).collect(Collectors.toSet());
        for (BackupFolder folder : reader.folders()) {
            // Those that have events are read only when they may be aborted.
            if (folder.ended() && !listed.contains(folder.label())) {
                Optional<BackupSummaryCodec.End.Aborted> ended = reader.end(folder.label())
                        .filter(BackupSummaryCodec.End.Aborted.class::isInstance)
                        .map(BackupSummaryCodec.End.Aborted.class::cast)
                        .filter(aborted ->
                                aborted.time().plus(BackupCatalog.DEAD_AFTER).isBefore(now));
                ended.ifPresent(aborted -> removeAborted(folder.label(), aborted, now));
            }
        }
    }

    private void removeAborted(Label label, BackupSummaryCodec.End.Aborted aborted, Instant now) {
        // A copy may be begun again under its label, any other backup has a label of its own. The marker says so too,
        // because the intent goes before it, and whoever removes them may die in between.
        boolean withMarker =
                aborted.time().plus(TOMBSTONE).isBefore(now) || aborted.resumable() || claims.isResumable(label);
        removal(label).removeAborted(label, withMarker);
    }
}
