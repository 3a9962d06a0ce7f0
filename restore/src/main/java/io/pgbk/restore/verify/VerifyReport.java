package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.SampleArc;
import io.pgbk.catalog.repository.check.Finding;
import java.util.List;

/**
 * What a verification found over all.
 *
 * @param samplePercent how much of packs and WAL files was read
 * @param arc which part of them
 * @param coverage what this run and earlier ones read together
 */
public record VerifyReport(
        BackupEvent.Verdict verdict,
        double samplePercent,
        SampleArc arc,
        ReadCoverage coverage,
        long objectsChecked,
        long bytesChecked,
        List<Finding> findings) {
    public VerifyReport {
        findings = List.copyOf(findings);
    }
}
