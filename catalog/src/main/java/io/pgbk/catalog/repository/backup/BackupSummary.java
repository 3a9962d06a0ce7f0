package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The object whose presence commits a backup.
 *
 * @param facts what the backup is
 * @param manifest the manifest that was written with it
 * @param sequence counts the committed backups of the cluster from 1
 * @param previous the summary that was the newest at the commit: the chain shows whether one vanished
 * @param committed by the clock of the host that took it
 */
public record BackupSummary(
        Label label,
        BackupFacts facts,
        ManifestReference manifest,
        int sequence,
        Optional<PreviousSummary> previous,
        Instant committed) {
    public BackupType type() {
        return label.type();
    }

    public int timeline() {
        return facts.timeline();
    }

    public Lsn startLsn() {
        return facts.startLsn();
    }

    public Lsn stopLsn() {
        return facts.stopLsn();
    }

    /** The packs of the first manifest; {@link BackupRecord#packs} has those of the valid one. */
    public List<PackUse> packs() {
        return facts.packs();
    }

    /**
     * Where the manifest is.
     *
     * @param generation 1 for the one written by the backup, that of the attempt which committed for a copy
     * @param sha256 of the stored object, hexadecimal
     */
    public record ManifestReference(int generation, long storedBytes, String sha256) {}

    /**
     * The link to the summary before.
     *
     * @param sha256 of the stored object of that summary, hexadecimal
     */
    public record PreviousSummary(Label label, String sha256) {}
}
