package io.pgbk.integration.race;

import io.pgbk.integration.Site;
import io.pgbk.integration.StoreKind;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Races pgbk's incremental backups against pgBackRest's block-incremental ones: nothing changed, 1 % of the pages
 * changed at random, 10 % of one table, and the restore of the newest of a chain. From 17 on pgbk's server summarises
 * its WAL, and pgBackRest, which knows no such version, backs up a server of version 15 with the same data and changes.
 */
public final class IncrementalRace {
    private static final int RIVAL_MAJOR = 15;
    private static final int FIRST_MAJOR_WITH_SUMMARIES = 17;
    private static final int ROWS_PER_SCALE = 100_000;
    private static final int ROWS_PER_PAGE = 61;
    private static final Duration MOST_ARCHIVING = Duration.ofMinutes(20);

    private final IncrementalOptions options;
    private final RaceReport report;

    private IncrementalRace(IncrementalOptions options, RaceReport report) {
        this.options = options;
        this.report = report;
    }

    /**
     * Runs the race and prints its report as Markdown.
     *
     * @param words see {@link IncrementalOptions#USAGE}
     */
    public static void main(String[] words) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        IncrementalOptions options;
        try {
            options = IncrementalOptions.parse(words);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        new IncrementalRace(options, new RaceReport(out)).run();
        System.exit(0);
    }

    private void run() {
        report.say("pgbench scale " + options.pgbenchScale() + " and " + options.noiseMiB()
                + " MiB of random rows; zstd 3, AES-256, 2 workers, local directory; pgBackRest with bundles and blocks, of"
                + " PostgreSQL 15; " + options.pairs() + " interleaved pairs; "
                + Runtime.getRuntime().availableProcessors()
                + " processors; commit " + System.getProperty("pgbk.commit", "unknown") + ".");
        for (int major : options.majors()) {
            race(major);
        }
    }

    private void race(int major) {
        try (PostgresServer rival = RaceCluster.create(RIVAL_MAJOR, options.pgbenchScale(), options.noiseMiB())) {
            if (major == RIVAL_MAJOR) {
                race(rival, rival);
            } else {
                try (PostgresServer server = RaceCluster.create(major, options.pgbenchScale(), options.noiseMiB())) {
                    race(server, rival);
                }
            }
        }
    }

    private void race(PostgresServer server, PostgresServer rival) {
        Path directory = AsPostgres.temporaryDirectory("race-");
        try (Site site = Site.create(StoreKind.DIRECTORY, true).unchecked()) {
            site.configure(server);
            PgbkContestant ours = new PgbkContestant(site);
            PgBackRestContestant theirs = new PgBackRestContestant(directory, rival, null, true);
            MeasuredCommand measured = new MeasuredCommand(AsPostgres.createDirectory(directory.resolve("scratch")));
            ours.initialise();
            theirs.initialise();
            boolean summaries = server.major() >= FIRST_MAJOR_WITH_SUMMARIES;
            if (summaries) {
                server.configure(Map.of("summarize_wal", "on"));
            }
            if (server == rival) {
                RaceCluster.archive(server, ours.archiveCommand() + " && " + theirs.archiveCommand());
            } else {
                RaceCluster.archive(server, ours.archiveCommand());
                RaceCluster.archive(rival, theirs.archiveCommand());
            }
            List<PostgresServer> servers = server == rival ? List.of(server) : List.of(server, rival);
            report.begin("Incremental backups of "
                    + server.queryOne("select pg_size_pretty(sum(pg_database_size(oid))) from pg_database")
                    + ", PostgreSQL " + server.major() + (summaries ? " with summaries" : ""));
            measured.run(ours.backup(), Path.of("/"));
            measured.run(theirs.backup(), Path.of("/"));
            // The first pair of each kind warms the caches and does not count.
            Figures nothing = pairs("incremental, nothing changed", measured, ours, theirs, round -> sync());
            Figures few = pairs(
                    "incremental, 1 % of the pages at random",
                    measured, ours, theirs, round -> change(servers, round, scattered()));
            Figures many = pairs(
                    "incremental, 10 % of the pages of one table",
                    measured, ours, theirs, round -> change(servers, round, inOneTable(round)));
            report.variable("1 % at random", few.minus(nothing));
            report.variable("10 % of one table", many.minus(nothing));
            report.bytes("nothing changed", nothing);
            report.bytes("1 % at random", few);
            report.bytes("10 % of one table", many);
            for (int length = 3 * (options.pairs() + 1); length < options.chain(); length++) {
                change(servers, length, scattered());
                backUp(measured, ours);
                backUp(measured, theirs);
            }
            restores(measured, directory.resolve("restored"), ours, theirs);
        } finally {
            AsPostgres.deleteTree(directory);
        }
    }

    /** One row per page that is hit; a page that is full writes the new row elsewhere, and indexes follow. */
    private String scattered() {
        long rows = (long) options.pgbenchScale() * ROWS_PER_SCALE;
        long pages = rows / ROWS_PER_PAGE;
        return "update pgbench_accounts set abalance = abalance + 1 where aid in (select 1 + (random() * " + (rows - 1)
                + ")::int from generate_series(1, " + Math.max(1, pages / 100) + "))";
    }

    /** A tenth of the pages of the table of random rows, spread over all of it. */
    private static String inOneTable(int round) {
        return "update noise set a = gen_random_uuid() where (ctid::text::point)[0]::bigint % 10 = " + round % 10
                + " and (ctid::text::point)[1] = 1";
    }

    private static void change(List<PostgresServer> servers, int round, String statement) {
        for (PostgresServer server : servers) {
            server.sql("select setseed(" + round / 100.0 + ")", statement, "checkpoint");
            String segment = server.switchWal();
            String archived = "select coalesce(last_archived_wal, '') >= '" + segment + "' from pg_stat_archiver";
            Deadline.within(MOST_ARCHIVING)
                    .await(
                            () -> "t".equals(server.queryOne(archived)),
                            () -> new IllegalStateException(segment + " is not archived"));
        }
        sync();
    }

    /** Bytes of pgbk and of pgBackRest. */
    record Bytes(long ours, long theirs) {}

    /**
     * The figures of the runs of one kind, pair by pair.
     *
     * @param stored by the last run of each, in bytes, as is {@code read}
     */
    record Figures(List<Measurement> ours, List<Measurement> theirs, Bytes stored, Bytes read) {
        /** Wall seconds above the median of others: of pgbk and of pgBackRest. */
        double[] minus(Figures fixed) {
            return new double[] {
                RaceReport.medianWall(ours) - RaceReport.medianWall(fixed.ours),
                RaceReport.medianWall(theirs) - RaceReport.medianWall(fixed.theirs)
            };
        }
    }

    private Figures pairs(
            String what, MeasuredCommand measured, Contestant ours, Contestant theirs, IntConsumer before) {
        List<Measurement> our = new ArrayList<>();
        List<Measurement> their = new ArrayList<>();
        for (int i = 0; i <= options.pairs(); i++) {
            before.accept(i);
            if (i % 2 == 0) {
                our.add(backUp(measured, ours));
                their.add(backUp(measured, theirs));
            } else {
                their.add(backUp(measured, theirs));
                our.add(backUp(measured, ours));
            }
        }
        our.removeFirst();
        their.removeFirst();
        report.row(what, our, their);
        return new Figures(
                our,
                their,
                new Bytes(ours.storedBytes(), theirs.storedBytes()),
                new Bytes(ours.readBytes(), theirs.readBytes()));
    }

    private static Measurement backUp(MeasuredCommand measured, Contestant who) {
        Measurement backup = measured.run(who.incremental(), Path.of("/"));
        if (who instanceof PgbkContestant pgbk) {
            String output = measured.output();
            // Progress comes before it, an object a line.
            pgbk.report(Site.parse(output.substring(output.lastIndexOf("\n{\n") + 1)));
        }
        return backup;
    }

    private void restores(MeasuredCommand measured, Path target, Contestant ours, Contestant theirs) {
        List<Measurement> our = new ArrayList<>();
        List<Measurement> their = new ArrayList<>();
        for (int i = 0; i <= options.pairs(); i++) {
            if (i % 2 == 0) {
                our.add(restore(measured, target, ours));
                their.add(restore(measured, target, theirs));
            } else {
                their.add(restore(measured, target, theirs));
                our.add(restore(measured, target, ours));
            }
        }
        our.removeFirst();
        their.removeFirst();
        report.begin("Restore of the newest of a chain of " + Math.max(options.chain(), 3 * (options.pairs() + 1))
                + " incremental backups");
        report.row("restore", our, their);
    }

    private static Measurement restore(MeasuredCommand measured, Path target, Contestant who) {
        AsPostgres.createDirectory(target);
        sync();
        Measurement restore = measured.run(who.restore(target), Path.of("/"));
        AsPostgres.deleteTree(target);
        return restore;
    }

    /** What the run before left to be written must not burden this one. */
    private static void sync() {
        AsPostgres.run("sync").orThrow();
    }
}
