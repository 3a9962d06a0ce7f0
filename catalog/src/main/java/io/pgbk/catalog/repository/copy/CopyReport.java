package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.PgbkException;
import java.util.List;
import java.util.Optional;

/**
 * What a copy did.
 *
 * @param backups in the order in which they were copied
 * @param walSegments WAL files that were copied; names that were there already are not counted
 * @param bytes stored bytes that it added: packs, and the raw bytes of WAL
 * @param failures what kept single backups or WAL from being copied; everything else was
 */
public record CopyReport(List<CopiedBackup> backups, long walSegments, long bytes, List<PgbkException> failures) {
    public CopyReport {
        backups = List.copyOf(backups);
        failures = List.copyOf(failures);
    }

    /** What became of a backup. */
    public enum State {
        /** It is listed in the other repository now. */
        COPIED("copied"),
        /** It would be copied: a dry run. */
        PLANNED("planned"),
        /** It could not be copied; what was copied of it serves the next attempt. */
        FAILED("failed");

        private final String id;

        State(String id) {
            this.id = id;
        }

        /** The stable name in JSON. */
        public String id() {
            return id;
        }
    }

    /**
     * One backup.
     *
     * @param packs of its own, those of an earlier attempt included
     * @param bytes stored in these packs
     * @param reason why it failed
     */
    public record CopiedBackup(Label label, State state, int packs, long bytes, Optional<String> reason) {}
}
