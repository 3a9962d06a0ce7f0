package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.WalSegmentName;

/** Segments that are missing in a row on one timeline; both ends are missing too. */
public record WalGap(WalSegmentName from, WalSegmentName to) {}
