package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.repository.Heartbeat;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.WalSummaryUse;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The backup that another one is built on, held until the other one has ended: nobody may begin to remove it, nor what
 * it takes its data from.
 */
final class ParentBackup implements AutoCloseable {
    /** How long the hold counts without being renewed. */
    static final Duration HOLD_VALIDITY = Duration.ofHours(24);

    private static final Duration RENEW_AFTER = HOLD_VALIDITY.dividedBy(4);
    private static final Duration RETRY_AFTER = Duration.ofMinutes(1);

    private final BackupRecord backup;
    private final List<BackupRecord> listed;
    private final ParentChooser.Server server;
    private final ManifestReader manifest;
    private final BitSet usablePacks;
    private final Holds.Hold hold;
    private final Heartbeat renewal;
    private boolean taken;

    /**
     * Takes the hold over and renews it from now on.
     *
     * @param listed all backups when this one was chosen
     * @param server where the server stood then
     * @param usablePacks ordinals of the manifest's packs that content may be taken from
     */
    ParentBackup(
            BackupRecord backup,
            List<BackupRecord> listed,
            ParentChooser.Server server,
            ManifestReader manifest,
            BitSet usablePacks,
            Holds.Hold hold,
            MonotonicTime time) {
        this.backup = backup;
        this.listed = listed;
        this.server = server;
        this.manifest = manifest;
        this.usablePacks = usablePacks;
        this.hold = hold;
        this.renewal = Heartbeat.start("hold-" + backup.label(), time, this::renew);
    }

    private Optional<Duration> renew() {
        if (!taken) {
            taken = true; // it was taken just now
            return Optional.of(RENEW_AFTER);
        }
        try {
            hold.renew();
            return Optional.of(RENEW_AFTER);
        } catch (PgbkException e) {
            // It counts for hours yet; and the commit proves that every pack is there.
            return Optional.of(RETRY_AFTER);
        }
    }

    Label label() {
        return backup.label();
    }

    /** All backups whose packs the new one may use. */
    Set<Label> needs() {
        Set<Label> needs = new HashSet<>(backup.owners());
        needs.add(label());
        return needs;
    }

    /** Where its replay begins. */
    Lsn startLsn() {
        return backup.summary().facts().startLsn();
    }

    /** Where it is consistent: no page of it is newer. */
    Lsn stopLsn() {
        return backup.summary().stopLsn();
    }

    /** The backup that found the server's WAL summaries wrong, if one did on the way back to the last full backup. */
    Optional<Label> summaryDisagreement() {
        Map<Label, BackupRecord> known = new HashMap<>();
        listed.forEach(record -> known.put(record.label(), record));
        Optional<BackupRecord> at = Optional.of(backup);
        while (at.isPresent()) {
            BackupFacts facts = at.get().summary().facts();
            if (facts.walSummaries().flatMap(WalSummaryUse::disagreement).isPresent()) {
                return at.map(BackupRecord::label);
            }
            // Each is asked once, whatever the summaries claim.
            at = facts.parent().map(known::remove);
        }
        return Optional.empty();
    }

    ManifestReader manifest() {
        return manifest;
    }

    BitSet usablePacks() {
        return (BitSet) usablePacks.clone();
    }

    /**
     * Checks once more, when the server has begun the backup: meanwhile it can have been promoted.
     *
     * @throws PgbkException ROLE_CHANGED when the parent is not in the history of what is being copied
     */
    void requireOnLine(int startTimeline, ServerLine line) {
        if (startTimeline == server.line().timeline()) {
            return;
        }
        Optional<TimelineHistory> history = line.history(startTimeline);
        Optional<String> objection = history.isEmpty()
                ? Optional.of("the history of timeline " + Integer.toUnsignedString(startTimeline) + " is not known")
                : ParentChooser.objection(
                        backup,
                        listed,
                        new ParentChooser.Server(server.incarnation(), history.get(), server.position()));
        if (objection.isPresent()) {
            throw new PgbkException(
                    ErrorCode.ROLE_CHANGED,
                    "the server's timeline changed to " + Integer.toUnsignedString(startTimeline)
                            + " while the backup began, and backup " + label() + " cannot be built on any more: "
                            + objection.get(),
                    "Take the backup again.");
        }
    }

    @Override
    public void close() {
        renewal.close();
        manifest.close();
        hold.close();
    }
}
