package io.pgbk.archiver.backup;

/**
 * A page that failed its checksum although it was read again.
 *
 * @param file path below the data directory, '/'-separated; bytes that are not UTF-8 are shown as replacement characters
 * @param block block number within this file, from 0
 */
public record PageFailure(String file, long block) {}
