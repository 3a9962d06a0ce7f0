package io.pgbk.archiver.backup;

import io.pgbk.catalog.repository.layout.BackupType;
import java.util.Map;

/**
 * What the operator asks for: one backup.
 *
 * @param type how much it is to store itself; without a fitting parent a full backup is taken
 * @param standby copy from a standby; without it a server in recovery is refused
 * @param ifPrimary on a standby do nothing and succeed; cannot be combined with {@code standby}
 * @param annotations the operator's own key and value pairs, kept with the backup
 */
public record BackupRequest(BackupType type, boolean standby, boolean ifPrimary, Map<String, String> annotations) {
    public BackupRequest {
        annotations = Map.copyOf(annotations);
        if (standby && ifPrimary) {
            throw new IllegalArgumentException("standby and ifPrimary exclude each other");
        }
    }

    /** A full backup. */
    public BackupRequest(boolean standby, boolean ifPrimary, Map<String, String> annotations) {
        this(BackupType.FULL, standby, ifPrimary, annotations);
    }
}
