package io.pgbk.catalog.format.manifest;

/**
 * One line of the catalogue snapshot: which relation a file belonged to when the backup was taken.
 *
 * @param databaseOid unsigned; 0 for shared relations
 * @param oid unsigned
 * @param filenode unsigned
 * @param tablespaceOid unsigned; 0 for the database's default
 */
public record CatalogRelation(
        int databaseOid, String database, String schema, String relation, int oid, int filenode, int tablespaceOid) {}
