package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which backups are copied, and in which order: the newest first, because it is needed first, but each behind those
 * whose packs it uses. So every pack in the other repository belongs to a backup that is listed there.
 */
final class CopyPlanner {
    private CopyPlanner() {}

    /**
     * The plan.
     *
     * @param source all backups of the one repository in their order
     * @param present labels that the other lists
     * @param wanted just this backup and what it is built on; empty for all
     * @throws PgbkException NO_FITTING_BACKUP when the wanted one is not listed, or is being removed
     */
    static List<BackupRecord> plan(List<BackupRecord> source, Set<Label> present, Optional<Label> wanted) {
        Map<Label, BackupRecord> byLabel = new HashMap<>();
        source.forEach(backup -> byLabel.put(backup.label(), backup));
        Map<Label, BackupRecord> plan = new LinkedHashMap<>();
        if (wanted.isPresent()) {
            BackupRecord backup = byLabel.get(wanted.get());
            if (backup == null || backup.expiring()) {
                throw new PgbkException(
                        ErrorCode.NO_FITTING_BACKUP,
                        "backup " + wanted.get() + (backup == null ? " is not listed" : " is being removed"),
                        "`pgbk info` lists the backups.");
            }
            add(backup, byLabel, present, plan);
            return List.copyOf(plan.values());
        }
        for (BackupRecord backup : source.reversed()) {
            if (!backup.expiring()) {
                add(backup, byLabel, present, plan);
            }
        }
        return List.copyOf(plan.values());
    }

    private static void add(
            BackupRecord backup, Map<Label, BackupRecord> byLabel, Set<Label> present, Map<Label, BackupRecord> plan) {
        if (present.contains(backup.label()) || plan.containsKey(backup.label())) {
            return;
        }
        List<BackupRecord> ancestors = new ArrayList<>();
        for (Label owner : backup.owners()) {
            BackupRecord ancestor = byLabel.get(owner);
            if (ancestor == null && !present.contains(owner)) {
                throw new PgbkException(
                        ErrorCode.OBJECT_MISSING,
                        "backup " + backup.label() + " uses data of backup " + owner + ", which is not listed",
                        "Run `pgbk verify`.");
            }
            if (ancestor != null) {
                ancestors.add(ancestor);
            }
        }
        // A backup that says that it uses packs of one that uses its own is damaged; the order then does not matter.
        plan.put(backup.label(), backup);
        ancestors.forEach(ancestor -> add(ancestor, byLabel, present, plan));
        plan.remove(backup.label());
        plan.put(backup.label(), backup);
    }
}
