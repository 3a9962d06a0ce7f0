package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which backups are copied, and in which order: the newest first, because it is needed first, but each behind those
 * whose packs it uses. So every pack in the other repository belongs to a backup that is listed there. A backup that
 * uses packs of one that neither repository lists (its summary cannot be read, or is gone) is left out, with what is
 * built on it.
 */
final class CopyPlanner {
    private final List<BackupRecord> source;
    private final Map<Label, BackupRecord> byLabel = new HashMap<>();
    private final Set<Label> present;
    private final Map<Label, PgbkException> leftOut = new HashMap<>();
    private final Map<Label, BackupRecord> planned = new LinkedHashMap<>();

    private CopyPlanner(List<BackupRecord> source, Set<Label> present) {
        this.source = source;
        this.present = present;
        source.forEach(backup -> byLabel.put(backup.label(), backup));
    }

    /**
     * What to copy.
     *
     * @param backups in this order
     * @param leftOut backups that would be copied and cannot be, and why, the newest first
     */
    record CopyPlan(List<BackupRecord> backups, Map<Label, PgbkException> leftOut) {
        CopyPlan {
            backups = List.copyOf(backups);
            leftOut = Collections.unmodifiableMap(new LinkedHashMap<>(leftOut));
        }
    }

    /**
     * The plan.
     *
     * @param source all backups of the one repository in their order
     * @param present labels that the other lists
     * @param wanted just this backup and what it is built on; empty for all
     * @throws PgbkException NO_FITTING_BACKUP when the wanted one is not listed, or is being removed; OBJECT_MISSING when
     *     it cannot be copied
     */
    static CopyPlan plan(List<BackupRecord> source, Set<Label> present, Optional<Label> wanted) {
        CopyPlanner planner = new CopyPlanner(source, present);
        planner.leaveOut();
        return wanted.map(planner::planOne).orElseGet(planner::planAll);
    }

    private CopyPlan planOne(Label wanted) {
        BackupRecord backup = byLabel.get(wanted);
        if (backup == null || backup.expiring()) {
            throw new PgbkException(
                    ErrorCode.NO_FITTING_BACKUP,
                    "backup " + wanted + (backup == null ? " is not listed" : " is being removed"),
                    "`pgbk info` lists the backups.");
        }
        PgbkException failure = leftOut.get(wanted);
        if (failure != null) {
            throw failure;
        }
        add(backup);
        return new CopyPlan(List.copyOf(planned.values()), Map.of());
    }

    private CopyPlan planAll() {
        Map<Label, PgbkException> failures = new LinkedHashMap<>();
        for (BackupRecord backup : source.reversed()) {
            if (!backup.expiring()) {
                PgbkException failure = leftOut.get(backup.label());
                if (failure == null) {
                    add(backup);
                } else {
                    failures.put(backup.label(), failure);
                }
            }
        }
        return new CopyPlan(List.copyOf(planned.values()), failures);
    }

    /** Finds what cannot be copied; one round is enough when each backup comes behind those that it is built on. */
    private void leaveOut() {
        boolean more = true;
        while (more) {
            more = false;
            for (BackupRecord backup : source) {
                if (!present.contains(backup.label()) && !leftOut.containsKey(backup.label())) {
                    Optional<PgbkException> failure = whyNot(backup);
                    failure.ifPresent(found -> leftOut.put(backup.label(), found));
                    more |= failure.isPresent();
                }
            }
        }
    }

    private Optional<PgbkException> whyNot(BackupRecord backup) {
        for (Label owner : backup.owners()) {
            boolean listed = byLabel.containsKey(owner);
            if (!present.contains(owner) && (!listed || leftOut.containsKey(owner))) {
                return Optional.of(new PgbkException(
                        ErrorCode.OBJECT_MISSING,
                        "backup " + backup.label() + " uses data of backup " + owner
                                + (listed ? ", which cannot be copied" : ", which is not listed"),
                        "Run `pgbk verify`."));
            }
        }
        return Optional.empty();
    }

    private void add(BackupRecord backup) {
        if (present.contains(backup.label()) || planned.containsKey(backup.label())) {
            return;
        }
        List<BackupRecord> ancestors = new ArrayList<>();
        for (Label owner : backup.owners()) {
            BackupRecord ancestor = byLabel.get(owner);
            if (ancestor != null) {
                ancestors.add(ancestor);
            }
        }
        // A backup that says that it uses packs of one that uses its own is damaged; the order then does not matter.
        planned.put(backup.label(), backup);
        ancestors.forEach(this::add);
        planned.remove(backup.label());
        planned.put(backup.label(), backup);
    }
}
