package io.pgbk.integration;

import io.pgbk.testkit.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * People who write while a test backs up: inserts, updates, deletes, transfers that keep a sum, DDL, large objects,
 * another database. It can be held still so that the test can look at one exact moment.
 */
final class Workload implements AutoCloseable {
    private static final int WRITERS = 2;
    private static final long PAUSE_NANOS = 60_000_000;

    private final PostgresServer server;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicReference<@Nullable SQLException> failure = new AtomicReference<>();
    private final List<Thread> threads = new ArrayList<>();

    private Workload(PostgresServer server) {
        this.server = server;
    }

    /** Creates the tables, in the given tablespaces too, and begins to write. */
    static Workload start(PostgresServer server, List<String> tablespaces) {
        load(server, tablespaces);
        return write(server, tablespaces);
    }

    /** Creates the tables, in the given tablespaces too. */
    static void load(PostgresServer server, List<String> tablespaces) {
        server.sql("create database other");
        server.sql(
                "create extension if not exists amcheck",
                "create table rows_ (id bigserial primary key, grp int, body text)",
                "create index on rows_ (grp)",
                "insert into rows_ (grp, body) select i % 10, repeat(md5(i::text), 4) from generate_series(1, 4000) i",
                "create table accounts (id int primary key, balance int not null)",
                "insert into accounts select i, 100 from generate_series(1, 100) i",
                "create unlogged table scratch (id int)",
                "insert into scratch select generate_series(1, 1000)",
                "create table empty_ (id int)",
                "create table toasted (id int primary key, doc text)",
                "insert into toasted select i, (select string_agg(md5((i * 1000 + j)::text), '')"
                        + " from generate_series(1, 200) j) from generate_series(1, 20) i",
                "select lo_from_bytea(5000 + i, decode(repeat(md5(i::text), 300), 'hex')) from generate_series(1, 5) i");
        server.sqlIn(
                "other",
                "create table notes (id serial primary key, text text)",
                "insert into notes (text) select md5(i::text) from generate_series(1, 500) i");
        for (String tablespace : tablespaces) {
            server.sql(
                    "create table in_" + tablespace + " (id bigserial primary key, body text) tablespace " + tablespace,
                    "insert into in_" + tablespace + " (body) select md5(i::text) from generate_series(1, 1000) i");
        }
        server.sql("checkpoint");
    }

    /** Begins to write to the tables that {@link #load} made. */
    static Workload write(PostgresServer server, List<String> tablespaces) {
        Workload workload = new Workload(server);
        for (int writer = 0; writer < WRITERS; writer++) {
            int number = writer;
            workload.threads.add(
                    Thread.ofPlatform().name("writer-" + writer).start(() -> workload.write(number, tablespaces)));
        }
        return workload;
    }

    private void write(int writer, List<String> tablespaces) {
        Random random = new Random(writer);
        try (Connection connection = server.connect();
                Connection other = server.connect("other");
                Statement statement = connection.createStatement();
                Statement elsewhere = other.createStatement()) {
            for (int round = 0; !stopped.get(); round++) {
                gate.readLock().lock();
                try {
                    step(statement, elsewhere, random, writer, round, tablespaces);
                } finally {
                    gate.readLock().unlock();
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (SQLException e) {
            if (!stopped.get()) {
                failure.compareAndSet(null, e);
            }
        }
    }

    private static void step(
            Statement statement, Statement elsewhere, Random random, int writer, int round, List<String> tablespaces)
            throws SQLException {
        int grp = random.nextInt(10);
        switch (round % 8) {
            case 0 ->
                statement.execute("insert into rows_ (grp, body) select " + grp
                        + ", md5(random()::text) from generate_series(1, 20)");
            case 1 ->
                statement.execute("update rows_ set body = md5(body) where id in (select id from rows_ where grp = "
                        + grp + " order by id limit 10 for update skip locked)");
            case 2 ->
                statement.execute("delete from rows_ where id in (select id from rows_ where grp = " + grp
                        + " order by id desc limit 5 for update skip locked)");
            case 3 -> {
                int from = 1 + random.nextInt(100);
                int to = 1 + from % 100;
                statement.execute("begin; update accounts set balance = balance + case when id = " + from
                        + " then -1 else 1 end where id in (" + from + ", " + to
                        + ") and (select count(*) from (select 1 from accounts where id in (" + from + ", " + to
                        + ") order by id for update) x) = 2; commit");
            }
            case 4 ->
                statement.execute("drop table if exists ddl_" + writer + "; create table ddl_" + writer
                        + " as select generate_series(1, 50) as n");
            case 5 -> elsewhere.execute("insert into notes (text) values (md5(random()::text))");
            case 6 -> {
                for (String tablespace : tablespaces) {
                    statement.execute("insert into in_" + tablespace + " (body) values (md5(random()::text))");
                }
            }
            // Each writer has large objects of its own: two that write one at once make PostgreSQL fail one of them.
            default ->
                statement.execute("select lo_put(" + (5001 + writer * 2 + random.nextInt(2)) + ", "
                        + random.nextInt(1000) + ", decode(md5(random()::text), 'hex'))");
        }
    }

    /** Returns when no transaction is under way; none begins before {@link #resume()}, called by the same thread. */
    void pause() {
        gate.writeLock().lock();
    }

    void resume() {
        gate.writeLock().unlock();
    }

    /** Stops the writers; a failure of one of them that was not caused by the end of the server is thrown. */
    @Override
    public void close() {
        stopped.set(true);
        if (gate.isWriteLockedByCurrentThread()) {
            gate.writeLock().unlock();
        }
        for (Thread thread : threads) {
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        SQLException broken = failure.get();
        if (broken != null) {
            throw new IllegalStateException("a writer failed", broken);
        }
    }
}
