package io.pgbk.archiver.backup;

import java.time.Duration;

/**
 * How a backup is taken; from the configuration. Compression and the directory for temporary files are the repository's
 * ({@link io.pgbk.catalog.repository.RepositoryRuntime}).
 *
 * @param parallel threads that read, compress and store; 1 to 64
 * @param rateLimitBytesPerSecond limit on reading the data directory, all threads together; 0 for none
 * @param pageChecksums verify page checksums when the cluster has them
 * @param archiveDeadline how long to wait for a WAL segment to arrive in the repository
 * @param holderDeadline how long to wait for another backup of this cluster; zero refuses at once
 */
public record BackupSettings(
        int parallel,
        long rateLimitBytesPerSecond,
        boolean pageChecksums,
        Duration archiveDeadline,
        Duration holderDeadline) {
    private static final int MAXIMUM_PARALLEL = 64;

    public BackupSettings {
        if (parallel < 1 || parallel > MAXIMUM_PARALLEL) {
            throw new IllegalArgumentException("parallel " + parallel + " is not in 1.." + MAXIMUM_PARALLEL);
        }
        if (rateLimitBytesPerSecond < 0) {
            throw new IllegalArgumentException("negative rate limit " + rateLimitBytesPerSecond);
        }
        if (archiveDeadline.isNegative() || archiveDeadline.isZero() || holderDeadline.isNegative()) {
            throw new IllegalArgumentException("deadlines must be positive");
        }
    }
}
