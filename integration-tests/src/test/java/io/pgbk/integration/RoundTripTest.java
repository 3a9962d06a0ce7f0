package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.integration.RoundTripRows.Row;
import io.pgbk.integration.RoundTripRows.Tablespaces;
import io.pgbk.integration.RoundTripRows.Target;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The main job on every kind of cluster and store: archiving is turned on, a backup is taken while people write, more is
 * written, a disaster happens, and the cluster is brought back to each chosen target by a machine that has only the
 * bucket and the key.
 */
class RoundTripTest {
    static List<Row> rows() {
        return RoundTripRows.chosen();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    @Execution(ExecutionMode.CONCURRENT)
    void comesBackAsItWas(Row row) {
        Path places = AsPostgres.temporaryDirectory("places-");
        try (Site site = Site.create(row.store(), row.encrypted())) {
            List<Moment> moments;
            try (PostgresServer server = server(row).create()) {
                site.configure(server);
                server.start();
                List<String> tablespaces = createTablespaces(server, row.tablespaces(), places);
                Workload.load(server, tablespaces);
                // What was there before is part of the backup; its WAL need not be archived.
                server.stop();
                server.configure(Map.of("archive_mode", "on", "archive_command", site.archiveCommand()));
                server.start();
                site.run("init");
                moments = liveThroughADisaster(site, server, row, tablespaces);
                server.stopImmediately();
            }
            try (Site bareMachine = site.anotherHost()) {
                for (Moment moment : moments) {
                    restore(bareMachine, row, moment, places);
                }
            }
        } finally {
            AsPostgres.deleteTree(places);
        }
    }

    /**
     * A moment to come back to, with what the cluster held then.
     *
     * @param words those that name it to {@code pgbk restore}
     * @param contents null when nobody can say, because people were writing
     */
    private record Moment(
            Target target, List<String> words, @Nullable Contents contents) {}

    private static PostgresServerOptions server(Row row) {
        PostgresServerOptions options = PostgresServer.builder(row.major())
                .withWalSegmentMiB(row.segmentMiB())
                .withChecksums(row.checksums());
        return row.tablespaces() == Tablespaces.IN_PLACE
                ? options.withSetting("allow_in_place_tablespaces", "on")
                : options;
    }

    private static List<String> createTablespaces(PostgresServer server, Tablespaces kind, Path places) {
        return switch (kind) {
            case NONE -> List.of();
            case EXTERNAL -> {
                Path place = AsPostgres.createDirectory(places.resolve("space"));
                server.sql("create tablespace space location '" + place + "'");
                yield List.of("space");
            }
            case IN_PLACE -> {
                server.sql("create tablespace space location ''");
                yield List.of("space");
            }
        };
    }

    private static List<Moment> liveThroughADisaster(
            Site site, PostgresServer server, Row row, List<String> tablespaces) {
        List<Moment> moments = new ArrayList<>();
        try (Workload workload = Workload.write(server, tablespaces)) {
            site.run("backup");
            for (Target target : row.targets()) {
                if (target == Target.END_OF_ARCHIVE) {
                    continue;
                }
                workload.pause();
                moments.add(moment(server, target));
                // Recovery may replay the record behind the target too. This one locks nothing that the comparison
                // reads;
                // a writer's DDL would, and the paused copy would hold its lock.
                server.sql("select pg_sleep(0.05)", "insert into empty_ values (2)");
                workload.resume();
                server.sql("select pg_sleep(0.3)");
            }
        }
        server.sql("drop table toasted", "drop database other");
        site.archiveEverything();
        if (row.targets().contains(Target.END_OF_ARCHIVE)) {
            moments.add(new Moment(Target.END_OF_ARCHIVE, List.of(), Contents.of(server)));
        }
        return moments;
    }

    private static Moment moment(PostgresServer server, Target target) {
        return switch (target) {
            case TIME -> {
                Contents contents = Contents.of(server);
                server.sql("select pg_sleep(0.05)");
                String time = server.queryOne("select clock_timestamp()::text");
                yield new Moment(target, List.of("--target-time", time), contents);
            }
            case LSN -> {
                Contents contents = Contents.of(server);
                yield new Moment(target, List.of("--target-lsn", server.currentLsn()), contents);
            }
            case XID -> {
                String xid = server.queryOne(
                        "with marker as (insert into empty_ values (1) returning xmin) select xmin::text from marker");
                yield new Moment(target, List.of("--target-xid", xid), Contents.of(server));
            }
            case NAME -> {
                Contents contents = Contents.of(server);
                server.sql("select pg_create_restore_point('before the disaster')");
                yield new Moment(target, List.of("--target-name", "before the disaster"), contents);
            }
            case IMMEDIATE -> new Moment(target, List.of("--target-immediate"), null);
            case END_OF_ARCHIVE -> throw new IllegalArgumentException("known only after the disaster");
        };
    }

    private static void restore(Site bareMachine, Row row, Moment moment, Path places) {
        String name = moment.target().name().toLowerCase(Locale.ROOT);
        Path restored = places.resolve(name);
        List<String> command = new ArrayList<>(List.of("restore", "--archiving", "off"));
        command.addAll(moment.words());
        if (row.tablespaces() == Tablespaces.EXTERNAL) {
            command.add("--tablespace");
            command.add(places.resolve("space") + "=" + places.resolve(name + "-space"));
        }
        bareMachine.configure(restored, places, 5432, "postgres");
        bareMachine.run(command.toArray(String[]::new));
        if (row.major() <= 16) {
            DebianTools.verifyBackup(restored);
        }
        PostgresServerOptions options = PostgresServer.builder(row.major());
        if (row.tablespaces() == Tablespaces.IN_PLACE) {
            options = options.withCommandLineSetting("allow_in_place_tablespaces", "on");
        }
        try (PostgresServer copy = options.on(restored)) {
            copy.start();
            compare(copy, moment);
            copy.stop();
        }
        if (row.major() == 15 && row.checksums()) {
            DebianTools.checkPageChecksums(restored);
        }
        AsPostgres.deleteTree(restored);
    }

    private static void compare(PostgresServer copy, Moment moment) {
        boolean end = moment.target() == Target.END_OF_ARCHIVE;
        if (end) {
            copy.awaitPromoted();
        } else {
            copy.awaitRecoveryPaused();
        }
        if (moment.contents() != null) {
            assertThat(Contents.of(copy).digests())
                    .as("content at " + moment.target())
                    .isEqualTo(moment.contents().digests());
        }
        if (!end) {
            copy.sql("select pg_wal_replay_resume()");
            copy.awaitPromoted();
        }
        Contents.assertConsistent(copy);
        assertThat(copy.queryOne("select count(*)::text from scratch"))
                .as("unlogged tables come back empty")
                .isEqualTo("0");
    }
}
