package io.pgbk.integration.race;

import io.pgbk.integration.Site;
import io.pgbk.integration.StoreKind;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Races pgbk against pgBackRest on one machine: full backup, restore and the push of one segment, with the same
 * compression, encryption and number of workers. The runs are interleaved, so that a machine whose speed drifts treats
 * both alike; nothing is taken from a run that failed. The caches are warm: each program has run once before.
 */
public final class Race {
    private final RaceOptions options;
    private final RaceReport report;

    private Race(RaceOptions options, RaceReport report) {
        this.options = options;
        this.report = report;
    }

    /**
     * Runs the race and prints its report as Markdown.
     *
     * @param words see {@link RaceOptions#USAGE}
     */
    public static void main(String[] words) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        RaceOptions options;
        try {
            options = RaceOptions.parse(words);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        new Race(options, new RaceReport(out)).run();
        System.exit(0);
    }

    private void run() {
        report.say("PostgreSQL 15, pgbench scale " + options.pgbenchScale() + " and " + options.noiseMiB()
                + " MiB of random rows; zstd 3, AES-256, 2 workers, page checksums verified; " + options.pairs()
                + " interleaved pairs after one run of each; "
                + Runtime.getRuntime().availableProcessors()
                + " processors; commit " + System.getProperty("pgbk.commit", "unknown") + ".");
        for (StoreKind store : options.stores()) {
            try (PostgresServer server = RaceCluster.create(options.pgbenchScale(), options.noiseMiB())) {
                race("Database of " + size(server) + ", " + store.label(), store, server, options.segments());
            }
            try (PostgresServer server = RaceCluster.create(0, 0)) {
                race("Fixed costs: empty database, " + store.label(), store, server, 0);
            }
        }
    }

    private static String size(PostgresServer server) {
        return server.queryOne("select pg_size_pretty(sum(pg_database_size(oid))) from pg_database");
    }

    private void race(String title, StoreKind store, PostgresServer server, int segments) {
        Path directory = AsPostgres.temporaryDirectory("race-");
        try (Site site = Site.create(store, true).unchecked()) {
            site.configure(server);
            Contestant ours = new PgbkContestant(site);
            Contestant theirs = new PgBackRestContestant(directory, server, store.endpoint(), false);
            MeasuredCommand measured = new MeasuredCommand(AsPostgres.createDirectory(directory.resolve("scratch")));
            ours.initialise();
            theirs.initialise();
            RaceCluster.archive(server, ours.archiveCommand() + " && " + theirs.archiveCommand());

            report.begin(title);
            pairs("full backup", ours, theirs, who -> {
                sync();
                Measurement backup = measured.run(who.backup(), Path.of("/"));
                who.forgetOldBackups();
                return backup;
            });
            Path target = directory.resolve("restored");
            pairs("restore", ours, theirs, who -> {
                AsPostgres.createDirectory(target);
                sync();
                Measurement restore = measured.run(who.restore(target), Path.of("/"));
                AsPostgres.deleteTree(target);
                return restore;
            });
            if (segments > 0) {
                pushes(measured, server, ours, theirs, segments);
            }
            report.stored(ours.storedBytes(), theirs.storedBytes());
        } finally {
            AsPostgres.deleteTree(directory);
        }
    }

    private void pairs(String what, Contestant ours, Contestant theirs, Function<Contestant, Measurement> once) {
        List<Measurement> our = new ArrayList<>();
        List<Measurement> their = new ArrayList<>();
        // The first pair warms the caches and does not count.
        for (int i = 0; i <= options.pairs(); i++) {
            if (i % 2 == 0) {
                our.add(once.apply(ours));
                their.add(once.apply(theirs));
            } else {
                their.add(once.apply(theirs));
                our.add(once.apply(ours));
            }
        }
        our.removeFirst();
        their.removeFirst();
        report.row(what, our, their);
    }

    private void pushes(
            MeasuredCommand measured, PostgresServer server, Contestant ours, Contestant theirs, int segments) {
        RaceCluster.makeSegments(server, segments);
        List<Measurement> our = new ArrayList<>();
        List<Measurement> their = new ArrayList<>();
        for (Path segment : readySegments(server).subList(0, segments)) {
            our.add(measured.run(ours.push(segment), server.dataDirectory()));
            their.add(measured.run(theirs.push(segment), server.dataDirectory()));
        }
        report.row("archive-push of one 16 MiB segment, cold process", our, their);
    }

    private static List<Path> readySegments(PostgresServer server) {
        Path wal = server.dataDirectory().resolve("pg_wal");
        try (Stream<Path> ready = Files.list(wal.resolve("archive_status"))) {
            return ready.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("[0-9A-F]{24}\\.ready"))
                    .sorted()
                    .map(name -> wal.resolve(name.substring(0, 24)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the run before left to be written must not burden this one. */
    private static void sync() {
        AsPostgres.run("sync").orThrow();
    }
}
