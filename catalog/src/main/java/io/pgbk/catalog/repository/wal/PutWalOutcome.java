package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.WalFileName;

/** What became of a WAL file that was put into the archive. Digests are for people: 64 hexadecimal digits, keyed. */
public sealed interface PutWalOutcome {
    /** It is durable under PostgreSQL's own name ({@code .partial} files: with their digest behind it). */
    record Stored(String key, long storedBytes) implements PutWalOutcome {}

    /** The same content was already there, under this key; nothing was written. */
    record AlreadyIdentical(String key) implements PutWalOutcome {}

    /**
     * Another content has the name, and the valid records of one are the beginning of the other's. Both are kept; the
     * longest is delivered.
     *
     * @param key where the new one is
     * @param newIsLonger whether the new one is the longer one and so the one delivered from now on
     */
    record KeptBeside(String key, boolean newIsLonger, long storedBytes) implements PutWalOutcome {}

    /** Another content with other records has the name; nothing was stored. */
    record Conflict(WalFileName name, String archivedDigest, String newDigest, String reason)
            implements PutWalOutcome {}

    /** Another history is archived for this timeline: two servers were promoted to it; nothing was stored. */
    record HistoryConflict(WalFileName.History name, String archivedDigest, String newDigest)
            implements PutWalOutcome {}
}
