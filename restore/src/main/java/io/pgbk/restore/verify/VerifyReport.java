package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.check.Finding;
import java.util.List;

/** What a verification found over all. */
public record VerifyReport(
        BackupEvent.Verdict verdict,
        double samplePercent,
        long objectsChecked,
        long bytesChecked,
        List<Finding> findings) {
    public VerifyReport {
        findings = List.copyOf(findings);
    }
}
