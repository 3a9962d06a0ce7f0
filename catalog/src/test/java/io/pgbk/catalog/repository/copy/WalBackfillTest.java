package io.pgbk.catalog.repository.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.retention.WalInventory;
import io.pgbk.catalog.repository.retention.WalRemover;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A repository is filled with what it missed, from another one under another key. */
class WalBackfillTest {
    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();

    @SuppressWarnings("NullAway.Init")
    private ClusterCatalog from;

    @SuppressWarnings("NullAway.Init")
    private ClusterCatalog to;

    /** The source has 1 to 8 on timeline 1 and, left at the end of 8, 9 to 11 on timeline 2; the other 1, 2 and 6. */
    @BeforeEach
    void makeBoth() {
        from = place("from").cluster();
        to = new ClusterCatalog(place("to").initialise(TestPlace.encrypted(2)), TestPlace.CLUSTER);
        to.join(TestPlace.SERVER);
        for (int number = 1; number <= 8; number++) {
            from.wal(from.newestIncarnation()).put(segment(1, number));
            time.advance(Duration.ofMinutes(1));
        }
        from.wal(from.newestIncarnation()).put(history());
        for (int number = 9; number <= 11; number++) {
            from.wal(from.newestIncarnation()).put(segment(2, number));
        }
        for (int number : List.of(1, 2, 6)) {
            wal(to).put(segment(1, number));
        }
    }

    private TestPlace place(String name) {
        return new TestPlace(directory.resolve(name), time);
    }

    private static WalUpload segment(int timeline, int number) {
        return TestPlace.wal(timeline, number, true);
    }

    private static WalUpload history() {
        return TestPlace.file("00000002.history", "1\t0/900000\tpromoted\n".getBytes(StandardCharsets.US_ASCII));
    }

    private static WalArchive wal(ClusterCatalog cluster) {
        return cluster.wal(cluster.newestIncarnation());
    }

    private static WalSegmentName name(int timeline, int number) {
        return WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE);
    }

    private WalBackfill.Report fill(boolean compare) {
        return new WalBackfill(from, to).run(new WalBackfill.Request(compare, 2, false), TaskMonitor.SILENT);
    }

    private static Map<String, byte[]> contents(ClusterCatalog cluster) {
        Map<String, byte[]> contents = new TreeMap<>();
        for (int timeline : wal(cluster).timelinesWithWal()) {
            wal(cluster)
                    .objects(timeline)
                    .forEachRemaining(object -> contents.put(object.name().toString(), read(cluster, object)));
        }
        wal(cluster).historyFile(2).ifPresent(content -> contents.put("00000002.history", content));
        return contents;
    }

    private static byte[] read(ClusterCatalog cluster, WalObject object) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        wal(cluster).read(object, bytes);
        return bytes.toByteArray();
    }

    private void assertFilled() {
        Map<String, byte[]> expected = contents(from);
        Map<String, byte[]> filled = contents(to);
        assertThat(filled.keySet()).isEqualTo(expected.keySet());
        expected.forEach(
                (name, content) -> assertThat(filled.get(name)).as(name).isEqualTo(content));
        assertThat(WalLag.between(from, to).isEmpty()).isTrue();
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void theLagIsWhatTheOtherLacksSinceTheFirstOfItWasArchived() {
        Instant third = wal(from)
                .readInfo(wal(from).find(new WalFileName.Segment(name(1, 3))).orElseThrow())
                .archived();

        WalLag lag = WalLag.between(from, to);

        assertThat(lag.segments()).isEqualTo(3 + 2 + 3);
        assertThat(lag.bytes()).isEqualTo(8L << 20);
        assertThat(lag.histories()).isEqualTo(1);
        assertThat(lag.since()).contains(third);
        assertThat(lag.first()).contains(name(1, 3));
        assertThat(lag.timelines().getFirst().gaps())
                .containsExactly(new WalGap(name(1, 3), name(1, 5)), new WalGap(name(1, 7), name(1, 8)));
        assertThat(WalLag.between(to, from).isEmpty()).isTrue();
        assertThat(WalLag.between(from, from).isEmpty()).isTrue();
    }

    @Test
    void aDryRunWritesNothingAndARunFillsEverythingAndASecondOneFindsNothing() {
        WalBackfill.Report planned =
                new WalBackfill(from, to).run(new WalBackfill.Request(false, 2, true), TaskMonitor.SILENT);
        assertThat(planned.before().segments()).isEqualTo(8);
        assertThat(contents(to)).hasSize(3);

        WalBackfill.Report report = fill(false);

        assertThat(report.failures()).isEmpty();
        assertThat(report.files()).isEqualTo(9);
        assertThat(report.bytes()).isEqualTo((8L << 20) + history().content().length());
        assertThat(report.compared()).as("1 and 2, 6").isEqualTo(3);
        assertFilled();
        assertThat(fill(false).files()).isZero();
        assertThat(fill(true).compared()).isEqualTo(11);
    }

    @Test
    void whatTheTargetRemovedOnPurposeIsNoLagAndIsNotBroughtBack() {
        wal(to).trimming().write(wal(to).trimming().read(), Map.of(1, SegmentSpans.between(0, 5)), Map.of());

        assertThat(WalLag.between(from, to).segments()).isEqualTo(2 + 3);
        fill(false);

        assertThat(contents(to).keySet()).doesNotContain(name(1, 4).toString());
        assertThat(WalLag.between(from, to).isEmpty()).isTrue();
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void whatAnExpiryRemovesWhileTheLagIsFoundIsNoLag() {
        boolean ran = true;
        int races = 0;
        for (int call = 1; ran; call++) {
            assertThat(call).isLessThan(100);
            TestPlace place = place("expired-" + call);
            place.cluster().repository().close();
            FaultyStore store = place.store();
            try (Repository racing = place.open(store, "racing");
                    Repository other = place.open("expire")) {
                to = new ClusterCatalog(racing, TestPlace.CLUSTER);
                fill(false);
                ClusterCatalog expiring = new ClusterCatalog(other, TestPlace.CLUSTER);
                store.runAtCall(
                        call,
                        () -> new WalRemover(expiring, WalInventory.gather(expiring), () -> {}, TaskMonitor.SILENT)
                                .run(List.of()));
                WalLag lag = WalLag.between(from, to);
                ran = store.ran();
                assertThat(lag.isEmpty()).as("call %d: %s", call, lag).isTrue();
                if (ran) {
                    assertThat(contents(expiring).keySet()).containsExactly("00000002.history");
                    races++;
                }
            }
        }
        assertThat(races).isGreaterThan(2);
    }

    @Test
    void hazardAnotherServersSegmentBesideTheHoleIsALoudConflictAndItsTimelineIsLeftAlone() {
        WalArchive target = wal(to);
        byte[] other = new byte[TestPlace.SIZE.bytes()];
        other[100] = 1;
        target.put(TestPlace.file(name(1, 8).toString(), other));

        WalBackfill.Report report = fill(false);

        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.WAL_CONFLICT))
                .satisfies(failure ->
                        assertThat(failure).hasMessageContaining(name(1, 8).toString()));
        assertThat(contents(to).get(name(1, 8).toString())).isEqualTo(other);
        assertThat(contents(to).keySet())
                .doesNotContain(name(1, 4).toString())
                .contains(name(2, 10).toString());
    }

    @Test
    void hazardAnotherContentAnywhereIsFoundByComparingAll() {
        fill(false);
        ClusterCatalog third = new ClusterCatalog(place("third").initialise(TestPlace.encrypted(3)), TestPlace.CLUSTER);
        third.join(TestPlace.SERVER);
        byte[] other = new byte[TestPlace.SIZE.bytes()];
        other[100] = 1;
        for (int number = 1; number <= 8; number++) {
            wal(third).put(number == 4 ? TestPlace.file(name(1, 4).toString(), other) : segment(1, number));
        }
        to = third;

        assertThat(fill(false).failures()).isEmpty();
        assertThat(fill(true).failures())
                .singleElement()
                .satisfies(failure ->
                        assertThat(failure).hasMessageContaining(name(1, 4).toString()));
        assertThat(contents(third).get(name(1, 4).toString())).isEqualTo(other);
    }

    @Test
    void aDamagedSegmentIsNamedAndEverythingElseIsFilled() throws IOException {
        WalObject fourth = wal(from).find(new WalFileName.Segment(name(1, 4))).orElseThrow();
        damage(place("from"), fourth, fourth.storedBytes() / 2);

        WalBackfill.Report report = fill(false);

        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED))
                .satisfies(failure -> assertThat(failure).hasMessageContaining(fourth.key()));
        assertThat(report.files()).isEqualTo(8);
        assertThat(contents(to).keySet()).doesNotContain(name(1, 4).toString());
    }

    @Test
    void aDamagedSegmentBesideAHoleIsNamedAndItsTimelineIsFilledAllTheSame() throws IOException {
        WalObject second = wal(to).find(new WalFileName.Segment(name(1, 2))).orElseThrow();
        damage(place("to"), second, second.storedBytes() - 10);

        WalBackfill.Report report = fill(false);

        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED))
                .satisfies(failure -> assertThat(failure).hasMessageContaining(second.key()));
        assertThat(report.files()).isEqualTo(9);
        assertThat(WalLag.between(from, to).isEmpty()).isTrue();
    }

    private static void damage(TestPlace place, WalObject object, long at) throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(place.directory().resolve(object.key()).toFile(), "rw")) {
            file.seek(at);
            int old = file.read();
            file.seek(at);
            file.write(old ^ 4);
        }
    }

    @Test
    void historiesThatDifferAreASplitBrainAndNothingOfTheTimelineIsFilled() {
        wal(to).put(TestPlace.file("00000002.history", "1\t0/800000\tother\n".getBytes(StandardCharsets.US_ASCII)));

        WalBackfill.Report report = fill(false);

        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.TIMELINE_CONFLICT));
        assertThat(contents(to).keySet())
                .contains(name(1, 4).toString())
                .doesNotContain(name(2, 9).toString());
    }

    @Test
    void killedAtEveryThirdCallWhilePushesGoOnTheNextRunFillsTheRest() {
        boolean died = true;
        int partly = 0;
        for (int call = 1; died; call += 3) {
            assertThat(call).isLessThan(400);
            TestPlace place = place("killed-" + call);
            place.cluster().repository().close();
            FaultyStore store = place.store();
            Repository dying = place.open(store, "dying");
            store.dieAtCall(call, call % 2 == 0);
            try {
                new WalBackfill(from, new ClusterCatalog(dying, TestPlace.CLUSTER))
                        .run(new WalBackfill.Request(false, 1, false), TaskMonitor.SILENT);
            } catch (PgbkException e) {
                assertThat(e.code()).as("call %d: %s", call, e).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
            }
            died = store.died();
            try (Repository next = place.open("next")) {
                to = new ClusterCatalog(next, TestPlace.CLUSTER);
                partly += contents(to).isEmpty() || !died ? 0 : 1;
                // A push comes in between with what the other already has, and with something new.
                wal(to).put(segment(2, 11));
                fill(false);
                assertFilled();
            }
        }
        assertThat(partly).as("runs that were killed half-way").isGreaterThan(3);
    }

    @Test
    void aPushOfTheSameSegmentInTheSameInstantIsNoConflict() {
        boolean ran = true;
        int races = 0;
        for (int call = 8; ran; call += 6) {
            assertThat(call).isLessThan(400);
            TestPlace place = place("racing-" + call);
            place.cluster().repository().close();
            FaultyStore store = place.store();
            try (Repository racing = place.open(store, "racing")) {
                to = new ClusterCatalog(racing, TestPlace.CLUSTER);
                store.runAtCall(call, () -> {
                    try (Repository other = place.open("push")) {
                        for (int number = 1; number <= 8; number++) {
                            wal(new ClusterCatalog(other, TestPlace.CLUSTER)).put(segment(1, number));
                        }
                    }
                });
                assertThat(fill(false).failures()).isEmpty();
                ran = store.ran();
                races += ran ? 1 : 0;
                assertFilled();
            }
        }
        assertThat(races).isGreaterThan(2);
    }

    @Test
    void anotherClusterAndTheSameRepositoryAreRefused() {
        ClusterCatalog other = new ClusterCatalog(place("other").initialise(TestPlace.encrypted(2)), TestPlace.CLUSTER);
        other.join(new ServerIdentity(1, 17, 202406281, TestPlace.SIZE, 8192));
        to = other;
        assertThatThrownBy(() -> fill(false))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OTHER_CLUSTER));
        to = from;
        assertThatThrownBy(() -> fill(false))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE));
    }
}
