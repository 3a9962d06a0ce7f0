package io.pgbk.archiver.push;

import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.postgres.PostgresMajor;
import java.util.Optional;

/**
 * A file of which everything that can be seen on this host was proved.
 *
 * @param upload the file for the archive
 * @param major the version that wrote it; empty when the file does not say
 */
record ValidatedFile(WalUpload upload, Optional<PostgresMajor> major) {}
