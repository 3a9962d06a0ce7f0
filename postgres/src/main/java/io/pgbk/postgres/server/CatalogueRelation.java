package io.pgbk.postgres.server;

/**
 * A relation's names and numbers at the time of a backup. Numbers are unsigned.
 *
 * @param databaseOid the database
 * @param database its name
 * @param schema the schema
 * @param name the relation
 * @param oid its number, which survives rewrites
 * @param relfilenode the number of its files now
 * @param kind pg_class.relkind: r table, i index, t TOAST table, m materialised view, S sequence
 * @param tablespaceOid the tablespace of its files, 0 for the database's default
 */
public record CatalogueRelation(
        int databaseOid,
        String database,
        String schema,
        String name,
        int oid,
        int relfilenode,
        char kind,
        int tablespaceOid) {}
