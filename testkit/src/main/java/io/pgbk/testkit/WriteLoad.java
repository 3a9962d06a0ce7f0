package io.pgbk.testkit;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Concurrent writers that change a database in every way (inserts, updates, deletes, truncation, tables that come and
 * go, large objects) and note each commit, so that a test can choose a recovery target and know what must be there.
 *
 * <p>Every transaction writes one row to {@code load_commits} and moves an amount between two rows of
 * {@code load_accounts}, whose sum is therefore always zero: half a transaction would be seen.
 */
public final class WriteLoad implements AutoCloseable {
    private static final int ACCOUNTS = 500;

    private final PostgresServer server;
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final List<Commit> commits = Collections.synchronizedList(new ArrayList<>());
    private final List<Thread> threads = new ArrayList<>();

    /**
     * One committed transaction. Its commit record lies between the two addresses, its commit time between the two
     * times (by the server's clock).
     *
     * @param writer which writer
     * @param number the writer's transactions count from 1
     * @param xid the transaction
     * @param lsnBefore the insert position before the commit
     * @param lsnAfter the flushed position after it
     * @param before the time before the commit
     * @param after the time after it
     */
    public record Commit(
            int writer, int number, long xid, String lsnBefore, String lsnAfter, Instant before, Instant after) {
        /** The address after the commit, as a number. */
        public long endLsn() {
            return lsn(lsnAfter);
        }
    }

    private WriteLoad(PostgresServer server) {
        this.server = server;
    }

    /** Creates the tables in database {@code postgres} (when they are missing) and starts so many writers. */
    public static WriteLoad start(PostgresServer server, int writers, long seed) {
        server.sql(
                "create table if not exists load_commits(writer int, number int, primary key (writer, number))",
                "create table if not exists load_accounts(id int primary key, balance bigint not null, filler text)",
                "create table if not exists load_rows(id bigserial primary key, writer int, payload text)",
                "create table if not exists load_truncated(i int)",
                "insert into load_accounts select i, 0, repeat('x', 80) from generate_series(1, " + ACCOUNTS
                        + ") i on conflict do nothing");
        WriteLoad load = new WriteLoad(server);
        for (int writer = 0; writer < writers; writer++) {
            int number = writer;
            load.threads.add(Thread.ofPlatform().name("write-load-" + writer).start(() -> load.run(number, seed)));
        }
        return load;
    }

    private void run(int writer, long seed) {
        Random random = new Random(seed * 31 + writer);
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            int number = first(statement, writer);
            connection.setAutoCommit(false);
            while (!stopping.get()) {
                transaction(connection, statement, writer, number, random);
                number++;
            }
        } catch (SQLException e) {
            if (!stopping.get()) {
                failure.compareAndSet(null, e);
            }
        }
    }

    private static int first(Statement statement, int writer) throws SQLException {
        return (int) Long.parseLong(
                value(statement, "select coalesce(max(number), 0) + 1 from load_commits where writer = " + writer));
    }

    private void transaction(Connection connection, Statement statement, int writer, int number, Random random)
            throws SQLException {
        long xid = Long.parseLong(value(statement, "select txid_current()"));
        change(statement, writer, number, random);
        statement.execute("insert into load_commits values (" + writer + ", " + number + ")");
        int amount = random.nextInt(1000);
        int one = 1 + random.nextInt(ACCOUNTS - 1);
        int other = one + 1 + random.nextInt(ACCOUNTS - one); // always the greater: no deadlocks
        statement.execute("update load_accounts set balance = balance - " + amount + " where id = " + one);
        statement.execute("update load_accounts set balance = balance + " + amount + " where id = " + other);
        String lsnBefore = value(statement, "select pg_current_wal_insert_lsn()::text");
        Instant before = time(statement);
        connection.commit();
        Instant after = time(statement);
        String lsnAfter = value(statement, "select pg_current_wal_flush_lsn()::text");
        connection.commit();
        commits.add(new Commit(writer, number, xid, lsnBefore, lsnAfter, before, after));
    }

    private static void change(Statement statement, int writer, int number, Random random) throws SQLException {
        String mine = " where writer = " + writer;
        switch (random.nextInt(10)) {
            case 0 -> statement.execute("delete from load_rows" + mine + " and id % 3 = 0");
            case 1 -> statement.execute("update load_rows set payload = payload || 'u'" + mine + " and id % 5 = 0");
            case 2 -> {
                String table = "load_table_" + writer;
                statement.execute("drop table if exists " + table);
                statement.execute("create table " + table + " as select i, md5(i::text) m from generate_series(1, "
                        + (1 + random.nextInt(300)) + ") i");
                statement.execute("create index on " + table + "(m)");
            }
            case 3 ->
                statement.execute("select lo_from_bytea(0, convert_to(repeat('" + writer + "x" + number + "', "
                        + random.nextInt(2000) + "), 'UTF8'))");
            case 4 ->
                statement.execute(
                        "select lo_unlink(oid) from (select oid from pg_largeobject_metadata where oid::bigint % 7 = "
                                + writer % 7 + " order by oid limit 1 for update skip locked) l");
            case 5 -> {
                statement.execute("truncate load_truncated");
                statement.execute("insert into load_truncated select generate_series(1, 50)");
            }
            default ->
                statement.execute("insert into load_rows(writer, payload) select " + writer
                        + ", repeat(md5(i::text), 3) from generate_series(1, " + (1 + random.nextInt(200)) + ") i");
        }
    }

    /** The commits so far, in no particular order among writers. */
    public List<Commit> commits() {
        synchronized (commits) {
            return List.copyOf(commits);
        }
    }

    /** Waits until so many more transactions have been committed. */
    public void awaitCommits(int count) {
        int wanted = commits().size() + count;
        Deadline.within(java.time.Duration.ofSeconds(60)).await(count + " commits", () -> {
            Throwable failed = failure.get();
            if (failed != null) {
                throw new IllegalStateException("a writer failed", failed);
            }
            return commits.size() >= wanted;
        });
    }

    /** Ends the writers; whoever failed before fails here. */
    public void stop() {
        stopping.set(true);
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        Throwable failed = failure.getAndSet(null);
        if (failed != null) {
            throw new IllegalStateException("a writer failed", failed);
        }
    }

    @Override
    public void close() {
        stop();
    }

    /**
     * Compares a recovered server with what must and must not be there when recovery stopped at this address.
     *
     * @return the problems, empty when all is well
     */
    public List<String> problemsAtLsn(PostgresServer recovered, String target) {
        long lsn = lsn(target);
        return problems(recovered, commit -> {
            if (Long.compareUnsigned(lsn(commit.lsnAfter()), lsn) <= 0) {
                return Expectation.PRESENT;
            }
            return Long.compareUnsigned(lsn(commit.lsnBefore()), lsn) >= 0 ? Expectation.ABSENT : Expectation.EITHER;
        });
    }

    /** The same for a recovery target time. */
    public List<String> problemsAtTime(PostgresServer recovered, Instant target) {
        return problems(recovered, commit -> {
            if (!commit.after().isAfter(target)) {
                return Expectation.PRESENT;
            }
            return commit.before().isAfter(target) ? Expectation.ABSENT : Expectation.EITHER;
        });
    }

    private enum Expectation {
        PRESENT,
        ABSENT,
        EITHER
    }

    private List<String> problems(
            PostgresServer recovered, java.util.function.Function<Commit, Expectation> expectation) {
        List<String> problems = new ArrayList<>();
        Set<String> there = new TreeSet<>();
        recovered
                .query("select writer || '/' || number from load_commits")
                .forEach(row -> there.add(String.valueOf(row.getFirst())));
        for (Commit commit : commits()) {
            boolean present = there.contains(commit.writer() + "/" + commit.number());
            switch (expectation.apply(commit)) {
                case PRESENT -> addUnless(present, "is lost: " + commit, problems);
                case ABSENT -> addUnless(!present, "should not be there: " + commit, problems);
                case EITHER -> {}
            }
        }
        String sum = recovered.queryOne("select sum(balance)::text from load_accounts");
        addUnless(sum.equals("0"), "half a transaction: the accounts sum up to " + sum, problems);
        return problems;
    }

    private static void addUnless(boolean good, String problem, List<String> problems) {
        if (!good) {
            problems.add(problem);
        }
    }

    private static long lsn(String text) {
        int slash = text.indexOf('/');
        return Long.parseLong(text.substring(0, slash), 16) << 32 | Long.parseLong(text.substring(slash + 1), 16);
    }

    private static Instant time(Statement statement) throws SQLException {
        long micros =
                Long.parseLong(value(statement, "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"));
        return Instant.EPOCH.plus(micros, java.time.temporal.ChronoUnit.MICROS);
    }

    private static String value(Statement statement, String sql) throws SQLException {
        try (ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }
}
