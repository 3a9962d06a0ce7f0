package io.pgbk.integration.chains;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.SequencedSet;
import java.util.TreeSet;

/**
 * The steps of a run: what a seed says is done to a server, as data, so that a failing run can be printed and replayed.
 * It knows which tables and databases there are at each step, and nothing of the server.
 */
final class ChainSteps {
    private static final int MAX_DATABASES = 3;
    /** The first page of a relation's second file. */
    static final int BORDER_PAGE = 131_072;

    /** So many pages below the border the table is cut. */
    static final int BORDER_PAGES = 20;

    /** How many kinds of steps {@link #next} knows, and how many of them need the table of the border. */
    private static final int KINDS = 30;

    private static final int BORDER_KINDS = 2;
    /** Those below are statements. */
    private static final int FIRST_OTHER_KIND = 23;

    private static final int MOST_UNDER_LOAD = 8;

    private final Random random;
    private final int major;
    private final boolean border;
    private final List<String> tables = new ArrayList<>(List.of("t0", "t1", "t2"));
    private final SequencedSet<String> unlogged = new TreeSet<>();
    private final SequencedSet<String> databases = new TreeSet<>();
    private final Deque<Integer> deck = new ArrayDeque<>();
    private int number;
    private int lastObject;

    private ChainSteps(ChainCase run) {
        this.random = new Random(run.seed());
        this.major = run.major();
        this.border = run.border();
    }

    /** Something that is done to the server. */
    sealed interface Step {
        /** Statements, each in a transaction of its own, on one connection to database postgres. */
        record Sql(List<String> statements) implements Step {}

        /** The server is killed and recovers. */
        record Crash() implements Step {}

        /** The server goes on on a new timeline, with everything that it has. */
        record Promote() implements Step {}

        /** The server goes on, on a new timeline, from a backup: what was written after it lies on a dead branch. */
        record GoBack() implements Step {}

        /** A backup, which is restored and compared. */
        record Backup() implements Step {}

        /** A backup while these statements are executed; it is restored, rolled forward to their end and compared. */
        record BackupUnderLoad(List<Sql> writes) implements Step {}

        /**
         * The table over the border is cut from a page on, and grows again by rows that fill a page each.
         *
         * @param checkpoint whether the shorter file is on disk before it grows
         */
        record CrossBorder(int firstPage, boolean checkpoint, int rows) implements Step {}
    }

    /** The steps of a run, the last of which is a backup. */
    static List<Step> of(ChainCase run) {
        int count = run.steps();
        ChainSteps maker = new ChainSteps(run);
        List<Step> steps = new ArrayList<>();
        steps.add(new Step.Backup());
        int goBack = 1 + maker.random.nextInt(count);
        for (int i = 1; i < count; i++) {
            steps.add(i == goBack ? new Step.GoBack() : maker.next());
            if (i == goBack) {
                // Which databases and tables came back depends on the backup: everything starts over.
                steps.add(maker.startOver());
            }
        }
        steps.add(new Step.Backup());
        return steps;
    }

    /** Makes the tables that every run has; safe to repeat. */
    static List<String> setup() {
        List<String> statements = new ArrayList<>(List.of(
                "create extension if not exists amcheck",
                "create extension if not exists pg_visibility",
                "create sequence if not exists counter"));
        for (String table : List.of("t0", "t1", "t2")) {
            statements.addAll(create(table));
        }
        return statements;
    }

    private static List<String> create(String table) {
        return List.of(
                "create table if not exists " + table + " (id bigserial primary key, grp int, body text, at point,"
                        + " words tsvector)",
                "create index on " + table + " using hash (grp)",
                "create index on " + table + " using gin (words)",
                "create index on " + table + " using gist (at)",
                "create index on " + table + " using spgist (body)",
                "create index on " + table + " using brin (grp)",
                insert(table, 300));
    }

    /** How many rows the table of the border grows by: VACUUM gives no less than 1000 pages back. */
    static int borderRows(Random random) {
        return 1000 + BORDER_PAGES + random.nextInt(BORDER_PAGES);
    }

    /** Rows that fill a page each, for the table that {@link Step.CrossBorder} needs. */
    static String fillBig(int rows) {
        return "insert into big select repeat(md5(random()::text), 248) from generate_series(1, " + rows + ")";
    }

    private static String insert(String table, int rows) {
        return "insert into " + table + " (grp, body, at, words) select i % 17, repeat(md5(random()::text), 3),"
                + " point(random(), random()), to_tsvector('simple', 'w' || i % 50 || ' v' || i % 7)"
                + " from generate_series(1, " + rows + ") i";
    }

    private Step startOver() {
        tables.clear();
        tables.addAll(List.of("t0", "t1", "t2"));
        unlogged.clear();
        databases.clear();
        // Names used from now on are new ones.
        List<String> statements = new ArrayList<>();
        for (String table : tables) {
            statements.add("drop table if exists " + table);
            statements.addAll(create(table));
        }
        return new Step.Sql(statements);
    }

    /** A step of each kind before any kind comes again. */
    private Step next() {
        if (deck.isEmpty()) {
            List<Integer> kinds = new ArrayList<>();
            for (int kind = 0; kind < (border ? KINDS : KINDS - BORDER_KINDS); kind++) {
                kinds.add(kind);
            }
            Collections.shuffle(kinds, random);
            deck.addAll(kinds);
        }
        return step(deck.remove());
    }

    private Step step(int kind) {
        String table = tables.get(random.nextInt(tables.size()));
        number++;
        return switch (kind) {
            case 0, 1 -> sql(insert(table, 1 + random.nextInt(800)));
            case 2, 3 ->
                sql("update " + table + " set body = md5(body), grp = grp + 1 where id % 11 = " + random.nextInt(11));
            case 4 -> sql("delete from " + table + " where id % 7 = " + random.nextInt(7));
            // Sets hint bits of what was written last, without WAL where checksums are off.
            case 5 -> sql("select count(*) from " + table + " where grp >= 0", "checkpoint");
            case 6 -> sql("vacuum " + table);
            case 7 -> sql("vacuum (freeze) " + table);
            case 8 -> sql("vacuum full " + table);
            case 9 -> sql("truncate " + table);
            // The end of the file is cut and grows again with other content.
            case 10, 11 ->
                sql(
                        "delete from " + table + " where ctid >= (select '(' || pg_relation_size('" + table
                                + "') / 16384 || ',0)')::tid",
                        "vacuum (truncate) " + table,
                        random.nextBoolean() ? "checkpoint" : "select 1",
                        insert(table, 100 + random.nextInt(900)));
            case 12, 13 -> createDatabase();
            case 14 -> dropDatabase();
            case 15 ->
                sql("alter table " + table + " set tablespace " + (random.nextBoolean() ? "space" : "pg_default"));
            case 16 ->
                sql("alter index " + table + "_pkey set tablespace " + (random.nextBoolean() ? "space" : "pg_default"));
            case 17, 18 -> switchLogging(table);
            case 19 -> sql("select nextval('counter') from generate_series(1, " + (1 + random.nextInt(100)) + ")");
            case 20 -> largeObject();
            case 21 -> sql("reindex table " + table);
            case 22 -> sql("cluster " + table + " using " + table + "_pkey");
            case 23 -> new Step.Crash();
            case 24 -> new Step.Promote();
            case 25 -> moveDatabase();
            case 26 -> new Step.Backup();
            case 27 -> backUpUnderLoad();
            default ->
                new Step.CrossBorder(
                        BORDER_PAGE - 1 - random.nextInt(BORDER_PAGES), random.nextBoolean(), borderRows(random));
        };
    }

    private Step backUpUnderLoad() {
        List<Step.Sql> writes = new ArrayList<>();
        int count = 1 + random.nextInt(MOST_UNDER_LOAD);
        while (writes.size() < count) {
            if (step(random.nextInt(FIRST_OTHER_KIND)) instanceof Step.Sql sql) {
                writes.add(sql);
            }
        }
        return new Step.BackupUnderLoad(List.copyOf(writes));
    }

    private Step.Sql sql(String... statements) {
        List<String> all = new ArrayList<>(List.of("select setseed(" + random.nextInt(1000) / 1000.0 + ")"));
        all.addAll(List.of(statements));
        return new Step.Sql(all);
    }

    private Step createDatabase() {
        if (databases.size() == MAX_DATABASES) {
            return dropDatabase();
        }
        String name = "d" + number;
        databases.add(name);
        String strategy = major < 15 ? "" : random.nextBoolean() ? " strategy wal_log" : " strategy file_copy";
        String space = random.nextInt(3) == 0 ? " tablespace space" : "";
        return sql("drop database if exists " + name, "create database " + name + strategy + space);
    }

    private Step dropDatabase() {
        if (databases.isEmpty()) {
            return sql("checkpoint");
        }
        return sql("drop database " + databases.removeFirst());
    }

    private Step moveDatabase() {
        if (databases.isEmpty()) {
            return createDatabase();
        }
        String name = databases.getLast();
        return sql("alter database " + name + " set tablespace " + (random.nextBoolean() ? "space" : "pg_default"));
    }

    private Step switchLogging(String table) {
        if (unlogged.remove(table)) {
            return sql("alter table " + table + " set logged");
        }
        unlogged.add(table);
        return sql("alter table " + table + " set unlogged", insert(table, 50));
    }

    private Step largeObject() {
        if (lastObject > 0 && random.nextInt(4) == 0) {
            return sql("select lo_unlink(oid) from pg_largeobject_metadata where oid = " + (900_000 + lastObject--));
        }
        lastObject++;
        return sql("select lo_from_bytea(" + (900_000 + lastObject) + ", decode(repeat(md5(random()::text), "
                + (1 + random.nextInt(400)) + "), 'hex')) where not exists (select from pg_largeobject_metadata"
                + " where oid = " + (900_000 + lastObject) + ")");
    }
}
