package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The main job on every kind of cluster and store: WAL is archived, a backup is taken while people write, more is
 * written, a disaster happens, and the cluster is brought back to the chosen target by a machine that has only the
 * bucket and the key. By default the rows are chosen so that each pair of choices is seen at least once; the long
 * profile runs the full product.
 */
class RoundTripTest {
    private static final List<Integer> SEGMENT_MIB = List.of(1, 16, 64);
    private static final List<Integer> MAJORS = PostgresServer.majors();
    private static final List<Boolean> ON_OFF = List.of(true, false);
    private static final List<StoreKind> STORES = List.copyOf(EnumSet.allOf(StoreKind.class));
    private static final List<Target> TARGETS = List.copyOf(EnumSet.allOf(Target.class));
    private static final List<Tablespaces> TABLESPACES = List.copyOf(EnumSet.allOf(Tablespaces.class));

    /** What recovery stops at. */
    enum Target {
        TIME,
        LSN,
        XID,
        NAME,
        IMMEDIATE,
        END_OF_ARCHIVE
    }

    /** Where tablespaces lie. */
    enum Tablespaces {
        NONE,
        EXTERNAL,
        IN_PLACE
    }

    record Row(
            int major,
            int segmentMiB,
            boolean checksums,
            StoreKind store,
            boolean encrypted,
            Target target,
            Tablespaces tablespaces) {
        @Override
        public String toString() {
            return "PostgreSQL " + major + ", " + segmentMiB + " MiB segments, checksums " + (checksums ? "on" : "off")
                    + ", " + store.label() + ", " + (encrypted ? "encrypted" : "plain") + ", to " + target
                    + ", tablespaces " + tablespaces;
        }
    }

    static Stream<Row> rows() {
        int[] sizes = Stream.of(MAJORS, SEGMENT_MIB, ON_OFF, STORES, ON_OFF, TARGETS, TABLESPACES)
                .mapToInt(List::size)
                .toArray();
        List<int[]> chosen = Boolean.getBoolean("pgbk.long") ? product(sizes) : Pairwise.rows(sizes, 20261121);
        return chosen.stream()
                .map(row -> new Row(
                        MAJORS.get(row[0]),
                        SEGMENT_MIB.get(row[1]),
                        ON_OFF.get(row[2]),
                        STORES.get(row[3]),
                        ON_OFF.get(row[4]),
                        TARGETS.get(row[5]),
                        TABLESPACES.get(row[6])));
    }

    private static List<int[]> product(int[] sizes) {
        List<int[]> rows = List.of(new int[0]);
        for (int size : sizes) {
            List<int[]> longer = new ArrayList<>();
            for (int[] row : rows) {
                for (int value = 0; value < size; value++) {
                    int[] copy = Arrays.copyOf(row, row.length + 1);
                    copy[row.length] = value;
                    longer.add(copy);
                }
            }
            rows = longer;
        }
        return rows;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    @Execution(ExecutionMode.CONCURRENT)
    void comesBackAsItWas(Row row) {
        Path places = AsPostgres.temporaryDirectory("places-");
        try (Site site = Site.create(row.store(), row.encrypted());
                PostgresServer server = server(row, site).create()) {
            site.configure(server);
            server.start();
            site.run("init");
            List<String> tablespaces = createTablespaces(server, row.tablespaces(), places);
            Moment moment = liveThroughADisaster(site, server, row.target(), tablespaces);
            server.stopImmediately();
            restoreElsewhere(site, row, moment, places);
        } finally {
            AsPostgres.deleteTree(places);
        }
    }

    /**
     * A moment to come back to, with what the cluster held then.
     *
     * @param target the words that name it to {@code pgbk restore}
     * @param contents null when nobody can say, because people were writing
     */
    private record Moment(List<String> target, @Nullable Contents contents) {}

    private static PostgresServerOptions server(Row row, Site site) {
        PostgresServerOptions options = PostgresServer.builder(row.major())
                .withWalSegmentMiB(row.segmentMiB())
                .withChecksums(row.checksums())
                .withArchiveCommand(site.archiveCommand());
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

    private static Moment liveThroughADisaster(
            Site site, PostgresServer server, Target target, List<String> tablespaces) {
        Moment moment;
        try (Workload workload = Workload.start(server, tablespaces)) {
            site.run("backup");
            workload.pause();
            moment = moment(server, target);
            // Recovery may replay the record behind the target too. This one locks nothing that the comparison reads; a
            // writer's DDL would, and the paused copy would hold its lock.
            server.sql("select pg_sleep(0.05)", "insert into empty_ values (2)");
            workload.resume();
            server.sql("select pg_sleep(0.3)");
        }
        if (target == Target.END_OF_ARCHIVE) {
            site.archiveEverything();
            return new Moment(List.of(), Contents.of(server));
        }
        server.sql("drop table rows_ cascade", "drop database other");
        site.archiveEverything();
        return moment;
    }

    private static Moment moment(PostgresServer server, Target target) {
        return switch (target) {
            case TIME -> {
                Contents contents = Contents.of(server);
                server.sql("select pg_sleep(0.05)");
                yield new Moment(List.of("--target-time", server.queryOne("select clock_timestamp()::text")), contents);
            }
            case LSN -> {
                Contents contents = Contents.of(server);
                yield new Moment(List.of("--target-lsn", server.currentLsn()), contents);
            }
            case XID -> {
                String xid = server.queryOne(
                        "with marker as (insert into empty_ values (1) returning xmin) select xmin::text from marker");
                yield new Moment(List.of("--target-xid", xid), Contents.of(server));
            }
            case NAME -> {
                Contents contents = Contents.of(server);
                server.sql("select pg_create_restore_point('before the disaster')");
                yield new Moment(List.of("--target-name", "before the disaster"), contents);
            }
            case IMMEDIATE -> new Moment(List.of("--target-immediate"), null);
            case END_OF_ARCHIVE -> new Moment(List.of(), null);
        };
    }

    private static void restoreElsewhere(Site site, Row row, Moment moment, Path places) {
        Path restored = places.resolve("restored");
        List<String> command = new ArrayList<>(List.of("restore", "--archiving", "off"));
        command.addAll(moment.target());
        if (row.tablespaces() == Tablespaces.EXTERNAL) {
            command.add("--tablespace");
            command.add(places.resolve("space") + "=" + places.resolve("space-restored"));
        }
        try (Site bareMachine = site.anotherHost()) {
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
                if (row.target() == Target.END_OF_ARCHIVE) {
                    copy.awaitPromoted();
                } else {
                    copy.awaitRecoveryPaused();
                }
                if (moment.contents() != null) {
                    assertThat(Contents.of(copy).digests())
                            .isEqualTo(moment.contents().digests());
                }
                if (row.target() != Target.END_OF_ARCHIVE) {
                    copy.sql("select pg_wal_replay_resume()");
                    copy.awaitPromoted();
                }
                Contents.assertConsistent(copy);
                assertThat(copy.queryOne("select count(*)::text from scratch"))
                        .as("unlogged tables come back empty")
                        .isEqualTo("0");
                copy.stop();
            }
            if (row.major() == 15 && row.checksums()) {
                DebianTools.checkPageChecksums(restored);
            }
        }
    }
}
