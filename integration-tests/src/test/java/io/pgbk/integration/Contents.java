package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.PostgresServer;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The content of a whole cluster as one line per table: a digest over all rows, for every database, with large objects.
 * Unlogged tables are left out: they are empty after a restore.
 */
record Contents(TreeMap<String, String> digests) {
    /** Reads the content; the caller sees to it that nobody writes meanwhile. */
    static Contents of(PostgresServer server) {
        TreeMap<String, String> digests = new TreeMap<>();
        for (List<@Nullable String> database :
                server.query("select datname from pg_database where datallowconn and datname <> 'template0'")) {
            String name = String.valueOf(database.getFirst());
            for (List<@Nullable String> table : server.queryIn(
                    name,
                    "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace"
                            + " where relkind in ('r', 'm') and relpersistence = 'p'"
                            + " and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')")) {
                String relation = String.valueOf(table.getFirst());
                digests.put(
                        name + "." + relation, digest(server, name, "select t::text as line from " + relation + " t"));
            }
            digests.put(
                    name + " large objects",
                    digest(
                            server,
                            name,
                            "select loid || ':' || pageno || ':' || encode(data, 'hex') as line from pg_largeobject"));
        }
        return new Contents(digests);
    }

    private static String digest(PostgresServer server, String database, String lines) {
        List<@Nullable String> row = server.queryIn(
                        database,
                        "select count(*) || ' ' || coalesce(md5(string_agg(md5(line), '' order by md5(line))), '-') from ("
                                + lines + ") x")
                .getFirst();
        return String.valueOf(row.getFirst());
    }

    /** Checks what must hold in every consistent state of a {@link Workload}, whichever moment it is. */
    static void assertConsistent(PostgresServer server) {
        assertThat(server.queryOne("select sum(balance)::text from accounts"))
                .as("transfers keep the sum")
                .isEqualTo("10000");
        server.query("select bt_index_check(c.oid, true) from pg_index i join pg_class c on c.oid = i.indexrelid"
                + " join pg_am a on a.oid = c.relam where amname = 'btree' and relpersistence = 'p' and indisvalid");
        if (server.major() >= 14) {
            assertThat(server.query("select c.relname, v.* from pg_class c, lateral verify_heapam(c.oid) v"
                            + " where c.relkind in ('r', 'm', 't') and c.relpersistence = 'p'"))
                    .as("amcheck of every heap")
                    .isEmpty();
        }
    }
}
