package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.backup.BackupEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Counts what was checked and collects what was found. Safe for use by many threads. */
final class Tally {
    private final List<Finding> findings = new ArrayList<>();
    private long objects;
    private long bytes;

    synchronized void checked(long objectBytes) {
        objects++;
        bytes += objectBytes;
    }

    synchronized void found(Finding finding) {
        if (!findings.contains(finding)) {
            findings.add(finding);
        }
    }

    synchronized List<Finding> findings() {
        return List.copyOf(findings);
    }

    synchronized long objects() {
        return objects;
    }

    synchronized long bytes() {
        return bytes;
    }

    BackupEvent.Verdict verdict() {
        return verdict(findings());
    }

    Optional<Finding> firstOf(String label) {
        return findings().stream()
                .filter(finding -> finding.backup().filter(label::equals).isPresent())
                .findFirst();
    }

    BackupEvent.Verdict verdictOf(String label) {
        return verdict(findings().stream()
                .filter(finding -> finding.backup().filter(label::equals).isPresent())
                .toList());
    }

    private static BackupEvent.Verdict verdict(List<Finding> findings) {
        boolean damaged = false;
        boolean gaps = false;
        for (Finding finding : findings) {
            switch (finding.kind()) {
                case DAMAGED, MISSING -> damaged = true;
                case WAL_GAP -> gaps = true;
                case UNKNOWN -> {}
            }
        }
        return damaged ? BackupEvent.Verdict.DAMAGED : gaps ? BackupEvent.Verdict.GAPS : BackupEvent.Verdict.SOUND;
    }
}
