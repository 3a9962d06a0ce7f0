package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A manifest that takes the place of a backup's, in two steps. The proposal says that the backup needs what the new
 * manifest names, beside what it needs anyway; who removes one of those from then on sees it, and whether somebody
 * decided to before is looked for behind it. Only then the manifest becomes valid. So at every moment the backup is
 * known to need all that its valid manifest names, whoever is suspended or killed where and for how long: no clock, no
 * hold and no lease is relied on.
 */
public final class ManifestProposal {
    private final BackupCatalog catalog;
    private final BackupEventLog events;
    private final BackupRecord before;
    private final BackupEvent.ManifestReplaced replacement;
    private final Leases.Lease lease;

    private ManifestProposal(
            BackupCatalog catalog,
            BackupEventLog events,
            BackupRecord before,
            BackupEvent.ManifestReplaced replacement,
            Leases.Lease lease) {
        this.catalog = catalog;
        this.events = events;
        this.before = before;
        this.replacement = replacement;
        this.lease = lease;
    }

    /** What is proposed: the record that the manifest was rewritten from, and what it is now. */
    record Proposed(BackupRecord before, int generation, ManifestWriter.ManifestRef manifest, List<PackUse> packs) {}

    static ManifestProposal make(
            Repository repository,
            ClusterName cluster,
            BackupCatalog catalog,
            BackupEventLog events,
            Proposed proposed,
            Leases.Lease lease) {
        BackupRecord before = proposed.before();
        Label label = before.label();
        CommitChecks checks = new CommitChecks(repository, cluster);
        checks.requireManifest(RepositoryLayout.manifest(cluster, label, proposed.generation()), proposed.manifest());
        BackupSummary.ManifestReference reference = new BackupSummary.ManifestReference(
                proposed.generation(),
                proposed.manifest().length(),
                proposed.manifest().sha256().hex());
        Set<Label> owners = new HashSet<>(PackUseList.owners(proposed.packs()));
        owners.remove(label);
        catalog.requireUsable(label);
        owners.forEach(catalog::requireUsable);
        lease.proveHeld();
        int number = events.append(label, new BackupEvent.ManifestProposed(proposed.generation(), owners));
        ManifestProposal proposal = new ManifestProposal(
                catalog,
                events,
                before,
                new BackupEvent.ManifestReplaced(reference, proposed.packs(), OptionalInt.of(number)),
                lease);
        try {
            proposal.requireOpen(number);
            owners.forEach(catalog::requireUsable);
            checks.requirePacks(proposed.packs());
        } catch (PgbkException e) {
            proposal.withdraw(number, e);
            throw e;
        }
        return proposal;
    }

    private void requireOpen(int number) {
        Label label = before.label();
        BackupRecord now = catalog.require(label);
        catalog.requireUsable(now);
        boolean open = now.openProposal()
                .filter(recorded -> recorded.number() == number)
                .isPresent();
        if (!open || !now.manifest().equals(before.manifest())) {
            throw overtaken(label);
        }
    }

    private void withdraw(int number, PgbkException why) {
        try {
            events.append(before.label(), new BackupEvent.ManifestWithdrawn(number, String.valueOf(why.getMessage())));
        } catch (PgbkException e) {
            // It keeps more than is needed, until the next expiry withdraws it.
            why.addSuppressed(e);
        }
    }

    private static PgbkException overtaken(Label label) {
        return new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "another process gave backup " + label + " a new manifest meanwhile, or keeps it from getting one",
                "Nothing is lost; the next expiry goes on.");
    }

    /**
     * Makes the manifest the valid one. When this fails it may be valid all the same: what it names must stay.
     *
     * @throws PgbkException HELD_BY_ANOTHER when it was withdrawn meanwhile; the old manifest is valid then
     */
    public void confirm() {
        Label label = before.label();
        lease.proveHeld();
        events.append(label, replacement);
        if (!catalog.require(label).manifest().equals(replacement.manifest())) {
            throw overtaken(label);
        }
    }
}
