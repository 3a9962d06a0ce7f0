package io.pgbk.restore.get;

import io.pgbk.postgres.WalFileName;

/** What became of a request; everything else is a failure and is thrown. */
public sealed interface GetResult {
    /** The file is durable at the destination, whole and checked. */
    record Delivered(WalFileName name, String repository, long bytes) implements GetResult {}

    /** Every repository proved that it does not have the file. */
    record ProvedAbsent(WalFileName name) implements GetResult {}
}
