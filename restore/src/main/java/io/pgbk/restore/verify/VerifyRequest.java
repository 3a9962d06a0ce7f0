package io.pgbk.restore.verify;

import io.pgbk.catalog.repository.layout.Label;
import java.util.Optional;

/**
 * What to verify.
 *
 * @param label one backup with the WAL that it needs; empty: all backups and all WAL
 * @param samplePercent how much of packs and WAL files is read, more than 0 up to 100; their presence and length, and
 *     all manifests, are checked always
 * @param parallel threads that read
 */
public record VerifyRequest(Optional<Label> label, double samplePercent, int parallel) {
    public VerifyRequest {
        if (!(samplePercent > 0 && samplePercent <= 100) || parallel < 1) {
            throw new IllegalArgumentException("a sample is more than 0 and at most 100 percent");
        }
    }
}
