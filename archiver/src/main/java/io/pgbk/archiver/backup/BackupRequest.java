package io.pgbk.archiver.backup;

import java.util.Map;

/**
 * What the operator asks for: one full backup.
 *
 * @param standby copy from a standby; without it a server in recovery is refused
 * @param ifPrimary on a standby do nothing and succeed; cannot be combined with {@code standby}
 * @param annotations the operator's own key and value pairs, kept with the backup
 */
public record BackupRequest(boolean standby, boolean ifPrimary, Map<String, String> annotations) {
    public BackupRequest {
        annotations = Map.copyOf(annotations);
        if (standby && ifPrimary) {
            throw new IllegalArgumentException("standby and ifPrimary exclude each other");
        }
    }
}
