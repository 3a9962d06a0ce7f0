package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.repository.Heartbeat;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.Documents;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** {@link BackupWriter} on a repository. */
final class StoredBackupWriter implements BackupWriter {
    private static final Duration RETRY = Duration.ofMinutes(1);

    private final Repository repository;
    private final ClusterName cluster;
    private final Label label;
    private final BackupCatalog.BackupStart start;
    private final Optional<Leases.Lease> lease;
    private final BackupReader reader;
    private final Heartbeat heartbeat;
    private final SignsOfLife signs;
    private final int firstSign;
    private final Attempt attempt;

    private final Object state = new Object();
    private int signsOfLife;
    private long lastSignNanos;
    private @Nullable PgbkException lost;
    private boolean ended;
    private boolean mayBeCommitted;

    /** The intent was written; from now on signs of life follow. */
    StoredBackupWriter(
            Repository repository,
            ClusterName cluster,
            Label label,
            BackupCatalog.BackupStart start,
            Optional<Leases.Lease> lease,
            BackupReader reader,
            Attempt attempt) {
        this.repository = repository;
        this.cluster = cluster;
        this.label = label;
        this.start = start;
        this.lease = lease;
        this.reader = reader;
        this.attempt = attempt;
        this.signs = new SignsOfLife(repository, cluster);
        this.lastSignNanos = repository.runtime().monotonic().nanoTime();
        // Before anything else is stored: a label with a manifest has a sign of life or an end. An earlier attempt that
        // slept may write a last one with this number; it would not say what this one needs.
        int number = attempt.firstSign();
        while (!writeSignOfLife(number)) {
            number++;
        }
        this.firstSign = number;
        this.signsOfLife = number - 1;
        this.heartbeat = Heartbeat.start("alive-" + label, repository.runtime().monotonic(), this::giveSignOfLife);
    }

    private boolean writeSignOfLife(int number) {
        return signs.write(label, number, attempt.resumable() ? Optional.of(start.needs()) : Optional.empty());
    }

    private Optional<Duration> giveSignOfLife() {
        int number;
        synchronized (state) {
            number = ++signsOfLife;
        }
        if (number == firstSign) {
            return Optional.of(BackupCatalog.ALIVE_INTERVAL);
        }
        try {
            writeSignOfLife(number);
            lease.ifPresent(Leases.Lease::proveHeld);
            synchronized (state) {
                lastSignNanos = repository.runtime().monotonic().nanoTime();
            }
            return Optional.of(BackupCatalog.ALIVE_INTERVAL);
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.HELD_BY_ANOTHER) {
                synchronized (state) {
                    lost = e;
                }
                return Optional.empty();
            }
            // checkAlive gives up when this lasts too long.
            return Optional.of(RETRY);
        }
    }

    @Override
    public Label label() {
        return label;
    }

    @Override
    public String packKey(int number) {
        return RepositoryLayout.pack(cluster, label, number);
    }

    @Override
    public String manifestKey() {
        return RepositoryLayout.manifest(cluster, label, attempt.generation());
    }

    @Override
    public void checkAlive() {
        synchronized (state) {
            if (lost != null) {
                throw lost;
            }
            long silent = repository.runtime().monotonic().nanoTime() - lastSignNanos;
            if (silent > BackupCatalog.GIVE_UP.toNanos()) {
                throw new PgbkException(
                        ErrorCode.REPOSITORY_UNREACHABLE,
                        "backup " + label + " could not give a sign of life for "
                                + Duration.ofNanos(silent).toMinutes() + " minutes",
                        "Check the network and " + repository.displayName() + ", then start the backup again.");
            }
        }
    }

    @Override
    public void proveAlive() {
        checkAlive();
        lease.ifPresent(Leases.Lease::proveHeld);
    }

    @Override
    public BackupRecord commit(BackupFacts facts, ManifestWriter.ManifestRef manifest) {
        synchronized (state) {
            if (ended) {
                throw new IllegalStateException("backup " + label + " has ended");
            }
        }
        checkAlive();
        CommitChecks checks = new CommitChecks(repository, cluster);
        checks.requireConsistent(label, start, facts);
        checks.requireManifest(manifestKey(), manifest);
        checks.requirePacks(facts.packs());
        checks.requireKeptWal(start, facts);
        checks.requireWal(start.incarnation(), facts);
        BackupSummary summary = summarise(facts, manifest);
        String key = RepositoryLayout.backup(cluster, label);
        ObjectBody body = repository.documents().seal(ObjectKind.BACKUP, key, BackupSummaryCodec.write(summary));
        if (body.length() > Documents.MAX_STORED_BYTES) {
            throw new PgbkException(
                    ErrorCode.INTERNAL, "the summary of backup " + label + " has " + body.length() + " bytes");
        }
        if (attempt.resumable()) {
            callOffWhatWasAnnouncedLate();
        }
        lease.ifPresent(Leases.Lease::proveHeld);
        // The checks took their time, and this process may have been suspended meanwhile.
        checkAlive();
        synchronized (state) {
            mayBeCommitted = true;
        }
        if (repository.store().create(key, body) != CreateOutcome.CREATED) {
            synchronized (state) {
                mayBeCommitted = false;
            }
            return committedByAnother();
        }
        synchronized (state) {
            ended = true;
        }
        requireClaimed(key);
        // What was written late says nothing of it, and no other event can be older than the commit; reading here could
        // only make a committed backup look failed.
        return new BackupRecord(summary, body.length(), HexFormat.of().formatHex(body.sha256()), List.of());
    }

    /**
     * Another attempt at a copy may have committed: one that slept past its lease, or one that took this one over. What
     * it lists is the same backup, with the same packs, and the manifest is its own.
     */
    private BackupRecord committedByAnother() {
        return (attempt.resumable() ? reader.find(label) : Optional.<BackupRecord>empty()).orElseThrow(this::givenUp);
    }

    private PgbkException givenUp() {
        return new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "backup " + label + " was given up by another process, which took it for dead",
                "Start the backup again.");
    }

    /**
     * Somebody who slept since the label was that of a backup which was removed may have announced that one's removal
     * behind the beginning of this copy, and died: nobody else calls it off. Each calling off has exactly the number
     * behind the events that were read while the label had no end, so it cannot hit what is announced behind the commit of
     * a process that took this copy over.
     */
    private void callOffWhatWasAnnouncedLate() {
        BackupEventLog events = new BackupEventLog(repository, cluster);
        OptionalInt late = reader.announcedWithoutEnd(label);
        while (late.isPresent()) {
            events.create(
                    label,
                    late.getAsInt() + 1,
                    new BackupEvent.ExpiryCancelled("it was announced before the backup was copied here again"));
            late = reader.announcedWithoutEnd(label);
        }
    }

    /**
     * A process that slept for days behind its last check may have been given up, and even forgotten: then nothing of
     * what it stored is left, and neither is its intent.
     */
    private void requireClaimed(String key) {
        boolean forgotten;
        try {
            forgotten = repository
                    .store()
                    .findLength(RepositoryLayout.intent(cluster, label))
                    .isEmpty();
        } catch (PgbkException e) {
            // The commit has happened; that nobody can be asked now must not make it look failed.
            return;
        }
        if (forgotten) {
            repository.store().delete(List.of(key));
            throw givenUp();
        }
    }

    private BackupSummary summarise(BackupFacts facts, ManifestWriter.ManifestRef manifest) {
        Optional<BackupRecord> newest = reader.list().backups().stream()
                .max(Comparator.comparingInt(backup -> backup.summary().sequence()));
        return new BackupSummary(
                label,
                facts,
                new BackupSummary.ManifestReference(
                        attempt.generation(),
                        manifest.length(),
                        manifest.sha256().hex()),
                newest.map(backup -> backup.summary().sequence()).orElse(0) + 1,
                newest.map(backup -> new BackupSummary.PreviousSummary(backup.label(), backup.summarySha256())),
                repository.runtime().clock().instant());
    }

    @Override
    public void close() {
        heartbeat.close();
        try {
            synchronized (state) {
                if (!ended) {
                    ended = true;
                    if (attempt.resumable()) {
                        removeManifest();
                    } else {
                        abort();
                    }
                } else {
                    removeWhatServedAttempts();
                }
            }
        } catch (PgbkException e) {
            // The label stays as that of a dead backup, which a later clean-up takes over.
            return;
        } finally {
            lease.ifPresent(Leases.Lease::close);
        }
    }

    /**
     * Ends the label. The marker and the intent stay: a commit that is still on its way must find the name taken. What a
     * commit that seemed to fail did store is left alone.
     */
    private void abort() {
        String key = RepositoryLayout.backup(cluster, label);
        CreateOutcome outcome = repository
                .documents()
                .create(
                        ObjectKind.BACKUP,
                        key,
                        BackupSummaryCodec.writeAborted(
                                label,
                                new BackupSummaryCodec.End.Aborted(
                                        repository.runtime().owner(),
                                        "the backup did not finish",
                                        repository.runtime().clock().instant(),
                                        attempt.resumable())));
        if (outcome == CreateOutcome.CREATED || isAborted()) {
            new LabelRemoval(repository, cluster, () -> true).removeData(label);
        }
    }

    private boolean isAborted() {
        return reader.end(label)
                .map(BackupSummaryCodec.End.Aborted.class::isInstance)
                .orElse(false);
    }

    /** An attempt that has not committed. The lease gives it the manifest's name alone; the packs serve the next one. */
    private void removeManifest() {
        if (lease.isPresent() && !mayBeCommitted) {
            repository.store().delete(List.of(manifestKey()));
        }
    }

    /** Behind the commit: no earlier attempt can commit any more, and later manifests are those of compactions. */
    private void removeWhatServedAttempts() {
        LabelRemoval removal = new LabelRemoval(repository, cluster, () -> true);
        removal.removeSignsOfLife(label);
        if (attempt.resumable()) {
            removal.removeManifestsBefore(label, attempt.generation());
        }
    }
}
