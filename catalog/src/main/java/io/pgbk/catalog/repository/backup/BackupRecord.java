package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A committed backup with everything that happened to it.
 *
 * @param summaryBytes length of the summary's object
 * @param summarySha256 of the summary's object, hexadecimal
 * @param events oldest first
 */
@SuppressWarnings("DoNotCallSuggester")
public record BackupRecord(
        BackupSummary summary, long summaryBytes, String summarySha256, List<BackupEvent.Recorded> events) {
    public BackupRecord {
        events = List.copyOf(events);
    }

    public Label label() {
        return summary.label();
    }

    public boolean pinned() {
        throw new UnsupportedOperationException();
    }

    /** Being removed: restores that run may still read it, nobody may begin to need it. */
    public boolean expiring() {
        throw new UnsupportedOperationException();
    }

    /** The end of the grace period while {@link #expiring()}. */
    public Optional<BackupEvent.Expiring> expiry() {
        throw new UnsupportedOperationException();
    }

    /** Those given at the start, changed by what came later. */
    public Map<String, String> annotations() {
        throw new UnsupportedOperationException();
    }

    public Optional<BackupEvent.Recorded> lastVerify() {
        throw new UnsupportedOperationException();
    }

    public Optional<BackupEvent.Recorded> lastDrill() {
        throw new UnsupportedOperationException();
    }

    /** Whether nothing speaks against it: no page errors, no negative verdict that stands, not being removed. */
    public boolean good() {
        throw new UnsupportedOperationException();
    }
}
