package io.pgbk.integration;

import io.pgbk.testkit.PostgresServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The rows of {@link RoundTripTest}: kinds of clusters and stores, each with the targets that it is restored to.
 *
 * <p>By default the rows are chosen so that each pair of choices is seen in at least one restore. The long profile has
 * the full product, which takes many hours: {@code pgbk.long.rows} takes a random sample of so many rows (by
 * {@code pgbk.seed}), {@code pgbk.long.shard=2/10} the second of ten parts. In either form {@code pgbk.row} takes only
 * rows with this text in their name.
 */
final class RoundTripRows {
    private static final List<Integer> MAJORS = PostgresServer.majors();
    private static final List<Integer> SEGMENT_MIB = List.of(1, 16, 64);
    private static final List<Boolean> ON_OFF = List.of(true, false);
    /** A bucket with object lock differs by what can be removed only: {@code RansomwareTest} has one. */
    private static final List<StoreKind> STORES = List.copyOf(EnumSet.complementOf(EnumSet.of(StoreKind.RGW_LOCKED)));

    private static final List<Tablespaces> TABLESPACES = List.copyOf(EnumSet.allOf(Tablespaces.class));
    private static final List<Target> TARGETS = List.copyOf(EnumSet.allOf(Target.class));
    private static final int[] SIZES = Stream.of(MAJORS, SEGMENT_MIB, ON_OFF, STORES, ON_OFF, TABLESPACES)
            .mapToInt(List::size)
            .toArray();

    /** The order of the full product, so that every shard is a mixture. */
    private static final long SEED = 20261121;

    private RoundTripRows() {}

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
            Tablespaces tablespaces,
            Set<Target> targets) {
        @Override
        public String toString() {
            return "PostgreSQL " + major + ", " + segmentMiB + " MiB segments, checksums " + (checksums ? "on" : "off")
                    + ", " + store.label() + ", " + (encrypted ? "encrypted" : "plain") + ", tablespaces " + tablespaces
                    + ", to " + targets;
        }
    }

    /** The rows that the system properties ask for. */
    static List<Row> chosen() {
        List<Row> rows = Boolean.getBoolean("pgbk.long") ? longRows() : pairwise();
        String text = property("pgbk.row");
        return text == null
                ? rows
                : rows.stream().filter(row -> row.toString().contains(text)).toList();
    }

    /** Every pair of two choices, the target being one of them. */
    static List<Row> pairwise() {
        List<int[]> clusters = Pairwise.rows(SIZES, SEED);
        List<Set<Target>> targets = targetsOf(clusters);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < clusters.size(); i++) {
            rows.add(row(clusters.get(i), targets.get(i)));
        }
        return rows;
    }

    /** The full product, each cluster with every target. */
    static List<Row> product() {
        List<int[]> clusters = List.of(new int[0]);
        for (int size : SIZES) {
            List<int[]> longer = new ArrayList<>();
            for (int[] cluster : clusters) {
                for (int value = 0; value < size; value++) {
                    int[] copy = Arrays.copyOf(cluster, cluster.length + 1);
                    copy[cluster.length] = value;
                    longer.add(copy);
                }
            }
            clusters = longer;
        }
        return clusters.stream()
                .map(cluster -> row(cluster, EnumSet.allOf(Target.class)))
                .toList();
    }

    private static List<Row> longRows() {
        List<Row> rows = new ArrayList<>(product());
        Collections.shuffle(rows, new Random(SEED));
        String shard = property("pgbk.long.shard");
        if (shard != null) {
            String[] parts = shard.split("/", 2);
            int wanted = Integer.parseInt(parts[0]);
            int all = Integer.parseInt(parts[1]);
            if (wanted < 1 || wanted > all) {
                throw new IllegalArgumentException("pgbk.long.shard=" + shard + " is not one of 1/n to n/n");
            }
            List<Row> whole = rows;
            rows = new ArrayList<>(java.util.stream.IntStream.range(0, whole.size())
                    .filter(i -> i % all == wanted - 1)
                    .mapToObj(whole::get)
                    .toList());
        }
        String sample = property("pgbk.long.rows");
        if (sample != null) {
            String seed = property("pgbk.seed");
            long number = seed == null ? new Random().nextInt() : Long.parseLong(seed);
            System.out.println("round trips: " + sample + " rows chosen by -Dpgbk.seed=" + number);
            Collections.shuffle(rows, new Random(number));
            rows = rows.subList(0, Math.min(Integer.parseInt(sample), rows.size()));
        }
        return rows;
    }

    private static @Nullable String property(String name) {
        String value = System.getProperty(name);
        return value == null || value.isBlank() ? null : value;
    }

    private static Row row(int[] cluster, Set<Target> targets) {
        return new Row(
                MAJORS.get(cluster[0]),
                SEGMENT_MIB.get(cluster[1]),
                ON_OFF.get(cluster[2]),
                STORES.get(cluster[3]),
                ON_OFF.get(cluster[4]),
                TABLESPACES.get(cluster[5]),
                Collections.unmodifiableSet(targets));
    }

    /** A target and a choice of the cluster that must be seen together. */
    private record Meeting(Target target, int dimension, int value) {}

    /** Gives each cluster targets until every target has met every choice: the best next one each time, evenly spread. */
    private static List<Set<Target>> targetsOf(List<int[]> clusters) {
        Set<Meeting> open = new HashSet<>();
        for (Target target : TARGETS) {
            for (int dimension = 0; dimension < SIZES.length; dimension++) {
                for (int value = 0; value < SIZES[dimension]; value++) {
                    open.add(new Meeting(target, dimension, value));
                }
            }
        }
        List<Set<Target>> targets = new ArrayList<>();
        clusters.forEach(_ -> targets.add(EnumSet.noneOf(Target.class)));
        while (!open.isEmpty() || targets.stream().anyMatch(Set::isEmpty)) {
            int bestCluster = 0;
            Target bestTarget = TARGETS.getFirst();
            int bestScore = -1;
            for (int i = 0; i < clusters.size(); i++) {
                for (Target target : TARGETS) {
                    // Closing one more pair weighs more than any difference in the number of targets.
                    int score = closed(clusters.get(i), target, open) * 100
                            - targets.get(i).size()
                            + (targets.get(i).isEmpty() ? 50 : 0);
                    if (!targets.get(i).contains(target) && score > bestScore) {
                        bestScore = score;
                        bestCluster = i;
                        bestTarget = target;
                    }
                }
            }
            targets.get(bestCluster).add(bestTarget);
            open.removeAll(meetings(clusters.get(bestCluster), bestTarget));
        }
        return targets;
    }

    private static int closed(int[] cluster, Target target, Set<Meeting> open) {
        return (int) meetings(cluster, target).stream().filter(open::contains).count();
    }

    private static Set<Meeting> meetings(int[] cluster, Target target) {
        Set<Meeting> meetings = new HashSet<>();
        for (int dimension = 0; dimension < cluster.length; dimension++) {
            meetings.add(new Meeting(target, dimension, cluster[dimension]));
        }
        return meetings;
    }
}
