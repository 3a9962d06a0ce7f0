package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import java.time.Instant;
import java.util.Comparator;
import java.util.Set;

/**
 * A committed backup, as far as retention asks.
 *
 * @param timeline of both LSNs (unsigned)
 * @param startTime when the server began it, to tell whether a branch was left before
 * @param stopTime when the server ended it, for windows and calendars; never for order
 * @param needs other labels without which it is not whole: those whose packs it uses
 * @param good nothing speaks against it: no page errors, no negative verdict
 * @param expiring a removal began already
 */
public record Candidate(
        Label label,
        BackupType type,
        int incarnation,
        int timeline,
        Lsn startLsn,
        Lsn stopLsn,
        Instant startTime,
        Instant stopTime,
        Set<Label> needs,
        boolean pinned,
        boolean good,
        boolean expiring) {
    /** A timeline's number is higher than its ancestors', and along one line LSNs only grow; clocks say nothing. */
    static final Comparator<Candidate> ORDER = Comparator.comparingInt(Candidate::incarnation)
            .thenComparing(Candidate::timeline, Integer::compareUnsigned)
            .thenComparing(Candidate::stopLsn)
            .thenComparing(candidate -> candidate.label().value());

    public Candidate {
        needs = Set.copyOf(needs);
    }

    /** What a listed backup is to retention. */
    public static Candidate of(BackupRecord backup) {
        return new Candidate(
                backup.label(),
                backup.summary().type(),
                backup.summary().facts().incarnation(),
                backup.summary().timeline(),
                backup.summary().startLsn(),
                backup.summary().stopLsn(),
                backup.summary().facts().startTime(),
                backup.summary().facts().stopTime(),
                backup.owners(),
                backup.pinned(),
                backup.summary().facts().pageErrors() == 0 && !backup.hasNegativeVerdict(),
                backup.expiring());
    }

    /** The same when it is built on these others. */
    public Candidate needing(Set<Label> others) {
        return new Candidate(
                label,
                type,
                incarnation,
                timeline,
                startLsn,
                stopLsn,
                startTime,
                stopTime,
                others,
                pinned,
                good,
                expiring);
    }

    /** The same when its removal was called off. */
    public Candidate staying() {
        return new Candidate(
                label, type, incarnation, timeline, startLsn, stopLsn, startTime, stopTime, needs, pinned, good, false);
    }

    boolean counts() {
        return good && !expiring;
    }

    boolean countsAsFull() {
        return counts() && type == BackupType.FULL;
    }
}
