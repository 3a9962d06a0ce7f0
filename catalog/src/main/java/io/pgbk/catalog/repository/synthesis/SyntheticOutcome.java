package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.Label;
import java.util.List;

/** How writing a synthetic full ended. */
public sealed interface SyntheticOutcome {
    /**
     * The new full is listed.
     *
     * @param source the backup whose state it has
     * @param pageFailures known bad pages that it carries on, the first {@value SyntheticFull#MOST_FAILURES}
     */
    record Written(BackupRecord backup, Label source, List<PageFailure> pageFailures, double seconds)
            implements SyntheticOutcome {
        public Written {
            pageFailures = List.copyOf(pageFailures);
        }
    }

    /**
     * The newest backup is a full that needs no other one.
     *
     * @param newest that backup
     */
    record NothingToDo(Label newest) implements SyntheticOutcome {}
}
