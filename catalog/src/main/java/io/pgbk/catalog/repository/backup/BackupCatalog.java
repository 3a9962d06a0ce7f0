package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.Authentic;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.lease.LabelGuard;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.catalog.repository.lease.StoredHolds;
import io.pgbk.catalog.repository.wal.WalTrimming;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The backups of one cluster in one repository. Their order is (incarnation, timeline, stop LSN): a timeline's number is
 * always higher than its ancestors', and along one line LSNs only grow; clocks and labels say nothing.
 */
public final class BackupCatalog implements LabelGuard {
    /** How long a removed backup's objects stay for those who read it already. */
    public static final Duration GRACE = Duration.ofDays(7);
    /** How often a running backup writes a sign of life. */
    public static final Duration ALIVE_INTERVAL = Duration.ofMinutes(5);
    /** How long a running backup goes on without being able to. */
    public static final Duration GIVE_UP = Duration.ofHours(1);
    /** How long a label without a sign of life stays its owner's. */
    public static final Duration DEAD_AFTER = Duration.ofDays(2);

    /** The lease under which a cluster's backups are taken, one at a time. */
    public static final String LEASE = "backup";

    private final Repository repository;
    private final ClusterName cluster;
    private final BackupReader reader;
    private final BackupEventLog events;
    private final LabelClaims claims;
    private final StoredHolds holds;
    private final BackupRemover remover;

    /** The backups of a cluster; makes no request. */
    public BackupCatalog(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
        this.reader = new BackupReader(repository, cluster);
        this.events = new BackupEventLog(repository, cluster);
        this.claims = new LabelClaims(repository, cluster, reader);
        this.holds = new StoredHolds(repository, cluster, this);
        this.remover = new BackupRemover(repository, cluster, reader, events, holds);
    }

    /**
     * All committed backups of all incarnations in their order, those that are being removed included. Backups whose
     * summary is damaged are left out: {@link #listing()} names them.
     */
    public List<BackupRecord> list() {
        return listing().backups();
    }

    /** Everything that is known, by one listing and one read for each summary and event. */
    public BackupListing listing() {
        return reader.list();
    }

    public Optional<BackupRecord> find(Label label) {
        return reader.find(label);
    }

    /**
     * The backup with this label.
     *
     * @throws PgbkException NO_FITTING_BACKUP when no such backup is listed
     */
    public BackupRecord require(Label label) {
        return find(label).orElseThrow(() -> notListed(label, cluster));
    }

    /**
     * Checks that {@link #delete} has something to do: the backup is listed, or an interrupted removal left something of
     * it.
     *
     * @throws PgbkException NO_FITTING_BACKUP when there is nothing
     */
    public void requireListedOrHalfRemoved(Label label) {
        if (find(label).isEmpty() && !reader.isRestOfRemoval(label)) {
            throw notListed(label, cluster);
        }
    }

    static PgbkException notListed(Label label, ClusterName cluster) {
        return new PgbkException(
                ErrorCode.NO_FITTING_BACKUP,
                "there is no backup " + label + " of cluster " + cluster,
                "`pgbk info` lists the backups.");
    }

    @Override
    public void requireUsable(Label label) {
        requireUsable(require(label));
    }

    void requireUsable(BackupRecord backup) {
        if (backup.expiring()) {
            throw new PgbkException(
                    ErrorCode.NO_FITTING_BACKUP,
                    "backup " + backup.label() + " of cluster " + cluster + " is being removed",
                    "Choose another backup; `pgbk info` lists them.");
        }
    }

    @Override
    public void requireKept(Holds.WalRange range) {
        WalTrimming.of(repository, cluster, range.incarnation()).requireKept(range);
    }

    /** Labels that are claimed and not ended. */
    public List<RunningBackup> running() {
        return listing().running();
    }

    /**
     * Begins a backup: takes the cluster's backup lease and claims a new label.
     *
     * @throws PgbkException HELD_BY_ANOTHER, naming who takes one already; NO_FITTING_BACKUP when the parent, or another
     *     that it needs, is not there or being removed
     */
    public BackupWriter begin(BackupStart start) {
        return claims.begin(start, this);
    }

    /**
     * Begins the copy of a backup of another repository under its own label, or goes on with one that was interrupted:
     * what that stored is still there. Without a commit, closing the writer keeps everything for the next attempt;
     * after two days without one it counts as dead.
     *
     * @throws PgbkException HELD_BY_ANOTHER, naming who takes or copies a backup; REFUSED_BY_POLICY when the label was
     *     given up here, or is being removed
     */
    public BackupWriter beginCopy(Label label, BackupStart start) {
        return claims.beginCopy(label, start, this);
    }

    /** Stored bytes that would go if just this backup went: in packs that no other listed backup uses. */
    public static Map<Label, Long> uniqueBytes(List<BackupRecord> backups) {
        return UniqueBytes.of(backups);
    }

    /**
     * Packs with a negative verdict: those that the last verification of any backup found damaged or missing. Whoever
     * builds a new backup on old ones takes nothing from them and stores what lies in them anew.
     */
    public static Set<PackId> damagedPacks(List<BackupRecord> backups) {
        Set<PackId> damaged = new HashSet<>();
        backups.forEach(backup -> damaged.addAll(backup.damagedPacks()));
        return damaged;
    }

    /** The key below the prefix of a backup's valid manifest. */
    public String manifestKey(BackupRecord backup) {
        return RepositoryLayout.manifest(
                cluster, backup.label(), backup.manifest().generation());
    }

    /**
     * Reads a backup's valid manifest to its end and compares it with the digest in the summary.
     *
     * @throws PgbkException OBJECT_DAMAGED when it is another, OBJECT_MISSING
     */
    public void requireManifest(BackupRecord backup) {
        String key = manifestKey(backup);
        Authentic.read(repository.store(), key, () -> {
            String sha256 = repository.sha256(key, backup.manifest().storedBytes());
            if (!sha256.equals(backup.manifest().sha256())) {
                throw Damage.of(
                        key,
                        "its SHA-256 is " + sha256 + ", that of the manifest of backup " + backup.label() + " is "
                                + backup.manifest().sha256());
            }
            return sha256;
        });
    }

    /**
     * Keeps a backup from being removed. A removal that a policy announced is called off, and with it that of what the
     * backup is built on.
     *
     * @throws PgbkException NO_FITTING_BACKUP when it is not there, when a person removes it or what it is built on, or
     *     when its objects go already
     */
    public void pin(Label label, String reason) {
        requireChainStaying(require(label));
        events.append(label, new BackupEvent.Pinned(reason));
        // A removal that was decided meanwhile is seen here; one that comes later sees the pin.
        BackupRecord pinned = require(label);
        requireChainStaying(pinned);
        if (pinned.expiring()) {
            // What it is built on first: a backup that stays has all that it needs.
            pinned.owners().forEach(owner -> callOff(owner, "backup " + label + " is pinned, which is built on it"));
        }
        callOff(label, "it is pinned");
    }

    private void requireChainStaying(BackupRecord backup) {
        requireStaying(backup);
        if (backup.expiring()) {
            backup.owners().forEach(owner -> find(owner).ifPresent(this::requireStaying));
        }
    }

    /** A policy that only announced a removal may think again; a person and a decision may not. */
    private void requireStaying(BackupRecord backup) {
        if (backup.removing()
                || backup.expiry().filter(expiry -> !expiry.policy()).isPresent()) {
            requireUsable(backup.label());
        }
    }

    /**
     * Calls the removal of a backup off that was announced; does nothing when none was, or when its objects go already.
     * What it is built on must stay too: see to that before.
     */
    public void callOff(Label label, String reason) {
        if (find(label)
                .filter(backup -> backup.expiring() && !backup.removing())
                .isPresent()) {
            events.append(label, new BackupEvent.ExpiryCancelled(reason));
        }
    }

    public void unpin(Label label) {
        require(label);
        events.append(label, new BackupEvent.Unpinned());
    }

    /**
     * Proposes a manifest that a compaction wrote in the place of a backup's: from now on what it names stays. Proves that
     * it and every pack that it refers to are there. It is valid when the proposal was confirmed.
     *
     * @param before the backup with the manifest that this one was written from
     * @param generation of the manifest, higher than any before; the lease makes it this writer's alone
     * @param packs what the manifest refers to, in place of what counts now
     * @param lease {@link #LEASE}
     * @throws PgbkException OBJECT_MISSING, OBJECT_DAMAGED, HELD_BY_ANOTHER, NO_FITTING_BACKUP when the backup, or one
     *     that it would be built on from now on, is being removed; nothing changed then
     */
    public ManifestProposal proposeManifest(
            BackupRecord before,
            int generation,
            ManifestWriter.ManifestRef manifest,
            List<PackUse> packs,
            Leases.Lease lease) {
        return ManifestProposal.make(
                repository,
                cluster,
                this,
                events,
                new ManifestProposal.Proposed(before, generation, manifest, packs),
                lease);
    }

    /**
     * Withdraws what compactions proposed that died before they confirmed or withdrew it: it would keep backups from
     * being removed for ever. One that is only suspended confirms nothing any more.
     *
     * @param lease {@link #LEASE}, so that it is nobody's at work
     * @return how many were withdrawn
     */
    public int withdrawProposals(Leases.Lease lease) {
        List<BackupRecord> open = list().stream()
                .filter(backup -> backup.openProposal().isPresent())
                .toList();
        for (BackupRecord backup : open) {
            lease.proveHeld();
            int proposal = backup.openProposal().orElseThrow().number();
            events.append(
                    backup.label(),
                    new BackupEvent.ManifestWithdrawn(proposal, "the compaction did not come to its end"));
        }
        return open.size();
    }

    /** Sets annotations; an empty value removes one. */
    public void annotate(Label label, Map<String, String> annotations) {
        require(label);
        events.append(label, new BackupEvent.Annotated(annotations));
    }

    public void recordVerify(Label label, BackupEvent.VerifyVerdict verdict) {
        require(label);
        events.append(label, new BackupEvent.Verified(verdict));
    }

    public void recordDrill(Label label, BackupEvent.DrillVerdict verdict) {
        require(label);
        events.append(label, new BackupEvent.Drilled(verdict));
    }

    /**
     * Removes a backup: from now on nobody may begin to need it; its objects go when the grace period is over and
     * {@link #purge()} runs, or at once with a grace of zero. What an interrupted removal left goes at once: nobody can
     * have begun to need it.
     *
     * @param force also when it is the last good one of its incarnation
     * @throws PgbkException REFUSED_BY_POLICY (pinned, last good, others are built on it, a summary is damaged, clocks
     *     differ), HELD_BY_ANOTHER (a hold or a running backup names it, or it went and came back meanwhile), NO_FITTING_BACKUP
     */
    public Deletion delete(Label label, Duration grace, boolean force) {
        return remover.delete(label, grace, force);
    }

    /**
     * Whether {@link #delete} would remove a backup now; writes nothing.
     *
     * @return the stored bytes that would go
     * @throws PgbkException as {@link #delete}
     */
    public long examineDeletion(Label label, boolean force) {
        return remover.examine(label, force);
    }

    /**
     * Removes the objects of backups whose grace period is over, of backups that died, and what an interrupted removal
     * left.
     *
     * @throws PgbkException REFUSED_BY_POLICY when a summary is damaged or clocks differ, STORE_UNSAFE
     */
    public List<Deletion> purge() {
        return purge(() -> {});
    }

    /**
     * As above.
     *
     * @param mayGoOn called before every batch of removals: stops the purge by throwing, for example when the lease
     *     under which it runs was lost
     */
    public List<Deletion> purge(Runnable mayGoOn) {
        return new BackupPurge(repository, cluster, reader, remover, claims, holds, mayGoOn).run();
    }

    /**
     * Begins the removal of several backups at once, whatever of them is built on what: nobody may begin to need them
     * from now on, and {@link #purge()} removes them after the grace period. Those that somebody needs, or without which
     * no good backup of their incarnation would be left, stay, and with them what they are built on.
     *
     * @param reasons the backups, and why each goes, for people
     * @return those that stay, and who needs them
     * @throws PgbkException REFUSED_BY_POLICY when a summary is damaged or clocks differ; nothing goes then
     */
    public Map<Label, String> expire(Map<Label, String> reasons, Duration grace) {
        return reasons.isEmpty() ? Map.of() : remover.mark(reasons, grace, false, true);
    }

    /**
     * What a removal did.
     *
     * @param removeAfter when the objects may go
     * @param removed whether they are gone; not when they may go later, when some could not be removed, and when another
     *     process finished the removal and the label is in use again
     * @param bytesFreed stored bytes that went
     * @param leftovers keys that could not be removed, and why; a later purge tries again
     */
    public record Deletion(
            Label label, Instant removeAfter, boolean removed, long bytesFreed, Map<String, String> leftovers) {
        public Deletion {
            leftovers = Map.copyOf(leftovers);
        }
    }

    /**
     * How a backup begins.
     *
     * @param parent the backup to build on
     * @param needs others whose packs it may use; they stay until the backup has ended
     * @param wal from where it needs WAL at the earliest; without it no WAL is removed while it runs
     * @param patience how long to wait for another backup of the cluster to end
     */
    public record BackupStart(
            BackupType type,
            Incarnation incarnation,
            Optional<Label> parent,
            Set<Label> needs,
            Optional<Holds.WalRange> wal,
            Duration patience) {
        public BackupStart {
            needs = Set.copyOf(needs);
        }

        /** One that says nothing of packs and WAL. */
        public BackupStart(BackupType type, Incarnation incarnation, Optional<Label> parent, Duration patience) {
            this(type, incarnation, parent, Set.of(), Optional.empty(), patience);
        }
    }
}
