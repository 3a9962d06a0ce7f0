package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.Bytes;

/**
 * A page whose checksum was wrong when it was read, and again when it was re-read.
 *
 * @param path of the file, as in {@link FileEntry}
 * @param block number of the page in the file, from 0
 */
public record PageFailure(Bytes path, long block) {}
