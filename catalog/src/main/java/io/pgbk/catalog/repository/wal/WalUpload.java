package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.util.Optional;

/**
 * A WAL file on its way into the archive; everything that can be validated about it was.
 *
 * @param content the raw file, readable as often as needed, with the same bytes each time
 * @param systemIdentifier of the cluster that wrote it, unsigned
 * @param index for segments and partial segments what the scan found; empty for other files
 */
public record WalUpload(WalFileName name, ObjectBody content, long systemIdentifier, Optional<WalSegmentIndex> index) {}
