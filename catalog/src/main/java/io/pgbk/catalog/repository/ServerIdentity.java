package io.pgbk.catalog.repository;

import io.pgbk.postgres.WalSegmentSize;

/**
 * What makes a server's data directory this cluster and no other.
 *
 * @param systemIdentifier from pg_control, unsigned
 * @param majorVersion for example 17
 * @param catalogVersion PostgreSQL's catalogue version number
 * @param segmentSize size of its WAL files
 * @param blockBytes page size of its relations
 */
public record ServerIdentity(
        long systemIdentifier, int majorVersion, int catalogVersion, WalSegmentSize segmentSize, int blockBytes) {
    /** The system identifier as PostgreSQL prints it. */
    public String systemIdentifierText() {
        return Long.toUnsignedString(systemIdentifier);
    }

    @Override
    public String toString() {
        return "system identifier " + systemIdentifierText() + ", PostgreSQL " + majorVersion + " (catalogue "
                + catalogVersion + "), segments of " + segmentSize + ", pages of " + blockBytes + " bytes";
    }
}
