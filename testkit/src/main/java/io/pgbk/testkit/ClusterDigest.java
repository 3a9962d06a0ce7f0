package io.pgbk.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The content of a whole cluster as SQL sees it: a digest of the rows of every permanent table, materialised view
 * of every database, of the large objects and of the shared catalogues. Two servers with equal digests hold the same
 * data. Unlogged and temporary tables do not count, nor do sequences, which recovery legitimately leaves up to 32 values
 * ahead.
 *
 * @param digests by what they are of, for example {@code postgres: public.t}
 */
public record ClusterDigest(SortedMap<String, String> digests) {
    private static final String ROWS = "select count(*) || ' rows, ' || coalesce(sum(('x' ||"
            + " substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0)::text from ";
    private static final String RELATIONS = """
            select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'm') and c.relpersistence = 'p'
              and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
            """;
    private static final String STRUCTURE = """
            (select n.nspname, c.relname, c.relkind, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)') t
            """;

    /** Reads everything; the server must not be written to meanwhile. */
    public static ClusterDigest of(PostgresServer server) {
        SortedMap<String, String> digests = new TreeMap<>();
        digests.put("roles", one(server, "postgres", "(select rolname, rolsuper, rolcanlogin from pg_roles) t"));
        digests.put("databases", one(server, "postgres", "(select datname from pg_database) t"));
        digests.put("tablespaces", one(server, "postgres", "(select spcname from pg_tablespace) t"));
        for (String database : databases(server)) {
            digests.put(database + ": structure", one(server, database, STRUCTURE));
            digests.put(database + ": large objects", one(server, database, "pg_largeobject t"));
            for (String relation : column(server, database, RELATIONS)) {
                digests.put(database + ": " + relation, one(server, database, "only " + relation + " t"));
            }
        }
        return new ClusterDigest(digests);
    }

    /** What differs from another digest, a line for each; empty when they are equal. */
    public List<String> differencesTo(ClusterDigest other) {
        List<String> differences = new ArrayList<>();
        SortedMap<String, String> all = new TreeMap<>(digests);
        all.putAll(other.digests);
        for (String name : all.keySet()) {
            String here = digests.getOrDefault(name, "absent");
            String there = other.digests.getOrDefault(name, "absent");
            if (!here.equals(there)) {
                differences.add(name + ": " + here + " / " + there);
            }
        }
        return differences;
    }

    /**
     * Checks every B-tree index, and from 14 on every heap, with amcheck, and from 15 on visibility maps with
     * pg_visibility. The extensions are created where they are missing, so the server must accept writes.
     *
     * @return the problems, empty when all is well
     */
    public static List<String> amcheck(PostgresServer server) {
        List<String> problems = new ArrayList<>();
        for (String database : databases(server)) {
            server.sqlIn(
                    database, "create extension if not exists amcheck", "create extension if not exists pg_visibility");
            for (String index : column(
                    server,
                    database,
                    "select c.oid::regclass::text from pg_class c join pg_am a on a.oid = c.relam join pg_index i on"
                            + " i.indexrelid = c.oid where a.amname = 'btree' and c.relkind = 'i' and i.indisvalid"
                            + " and c.relpersistence = 'p'")) {
                try {
                    server.queryIn(database, "select bt_index_check(?::regclass, true)", index);
                } catch (IllegalStateException e) {
                    problems.add(database + ": " + e.getMessage());
                }
            }
            heaps(server, database, problems);
        }
        return problems;
    }

    private static void heaps(PostgresServer server, String database, List<String> problems) {
        String select = "select c.oid::regclass::text, x.* from pg_class c cross join lateral ";
        String where = " x where c.relkind in ('r', 'm') and c.relpersistence = 'p' limit 20";
        if (server.major() >= 14) {
            append(server.queryIn(database, select + "verify_heapam(c.oid)" + where), database, problems);
        }
        append(server.queryIn(database, select + "pg_check_visible(c.oid)" + where), database, problems);
        append(server.queryIn(database, select + "pg_check_frozen(c.oid)" + where), database, problems);
    }

    private static void append(List<List<@Nullable String>> rows, String database, List<String> problems) {
        rows.forEach(row -> problems.add(database + ": " + row));
    }

    private static List<String> databases(PostgresServer server) {
        return column(server, "postgres", "select datname from pg_database where datallowconn");
    }

    private static String one(PostgresServer server, String database, String from) {
        return column(server, database, ROWS + from).getFirst();
    }

    private static List<String> column(PostgresServer server, String database, String sql) {
        return server.queryIn(database, sql).stream()
                .map(row -> String.valueOf(row.getFirst()))
                .toList();
    }
}
