package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.files.WalkOptions;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Everything that is decided before the server is asked to begin: what is copied and how.
 *
 * @param type how much the backup stores itself
 * @param parent the backup that unchanged content is taken from; empty for a full one
 * @param fallbackReason why a full backup is taken although another type was asked for
 * @param incarnation the cluster's incarnation in the repository
 * @param fromStandby whether a standby is copied
 * @param dataDirectory what is copied
 * @param walk what belongs to the backup
 * @param relationSegmentBlocks pages of one file of a big relation
 * @param verifyPages whether page checksums are verified
 * @param packs how packs are made
 * @param parallel threads
 * @param expectedFiles files at the time of planning
 * @param expectedBytes their content
 */
public record BackupPlan(
        BackupType type,
        Optional<Label> parent,
        Optional<String> fallbackReason,
        Incarnation incarnation,
        boolean fromStandby,
        Path dataDirectory,
        WalkOptions walk,
        int relationSegmentBlocks,
        boolean verifyPages,
        PackSettings packs,
        int parallel,
        long expectedFiles,
        long expectedBytes) {}
