package io.pgbk.catalog.repository.expire;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.WalPages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** WAL that cannot be read, at the ends of timelines: expiry goes on, and keeps what it kept before and more. */
class DamagedWalExpiryTest {
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration GRACE = Duration.ofDays(7);

    @TempDir
    Path directory;

    private TestPlace place;
    private ClusterCatalog cluster;

    @BeforeEach
    void prepare() {
        place = new TestPlace(directory, new ManualTime());
        cluster = place.cluster();
    }

    private static RetentionPolicy policy(OptionalInt full, Optional<Duration> window) {
        return new RetentionPolicy(full, window, 0, 0, 0, ZoneOffset.UTC, GRACE);
    }

    private static final RetentionPolicy ONE = policy(OptionalInt.of(1), Optional.empty());

    private WalArchive wal() {
        return cluster.wal(cluster.newestIncarnation());
    }

    private Instant now() {
        return place.time().instant();
    }

    /** A segment with one commit, of now. */
    private void commit(int timeline, int number) {
        wal().put(TestPlace.indexed(
                WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE),
                new WalPages(TestPlace.SYSTEM, timeline, number, 1)
                        .commit(700, now())
                        .switchSegment()
                        .segment(0)));
    }

    private void branch(int timeline, int parent, String address) {
        wal().put(TestPlace.file(
                String.format("%08X.history", timeline),
                (parent + "\t" + address + "\tx\n").getBytes(StandardCharsets.US_ASCII)));
    }

    private Label take(int timeline, int number) {
        return SmallBackup.take(
                cluster,
                WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE)
                        .startLsn(TestPlace.SIZE)
                        .plus(0x28));
    }

    private Path file(int timeline, int number) {
        return place.directory()
                .resolve(RepositoryLayout.wal(
                        TestPlace.CLUSTER,
                        1,
                        new WalFileName.Segment(WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE)),
                        ""));
    }

    private byte[] damage(int timeline, int number) throws IOException {
        byte[] sound = Files.readAllBytes(file(timeline, number));
        Files.write(file(timeline, number), new byte[100]);
        return sound;
    }

    private List<Label> listed() {
        return cluster.backups().list().stream().map(BackupRecord::label).toList();
    }

    private List<Integer> segments(int timeline) {
        List<Integer> numbers = new ArrayList<>();
        wal().segments(timeline, Optional.empty())
                .forEachRemaining(name -> numbers.add((int) name.number(TestPlace.SIZE)));
        return numbers;
    }

    private static List<Label> kept(ExpirePlan plan) {
        return plan.keep().stream().map(ExpirePlan.Kept::label).toList();
    }

    private static boolean keeps(ExpirePlan plan, int timeline, int number) {
        Lsn first = WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE).startLsn(TestPlace.SIZE);
        Lsn next = first.plus(TestPlace.SIZE.bytes());
        return plan.wal().stream()
                .anyMatch(range -> range.timeline() == timeline
                        && range.from().isBefore(next)
                        && range.to().map(first::isBefore).orElse(true));
    }

    private static final class Heard implements TaskMonitor {
        final List<String> warnings = new ArrayList<>();

        @Override
        public void warn(String message) {
            warnings.add(message);
        }
    }

    /** Timeline 1 goes on to segment 7 behind the promotion in 5, and ends; production is on timeline 2. */
    private void leaveTimelineOne() {
        for (int number = 1; number <= 5; number++) {
            commit(1, number);
        }
        take(1, 2);
        commit(1, 6);
        commit(1, 7);
        branch(2, 1, "0/500100");
        place.time().advance(DAY);
        commit(2, 5);
        commit(2, 6);
        place.time().advance(DAY.multipliedBy(20));
        take(1, 3);
        take(1, 4);
        commit(2, 7);
    }

    @Test
    void hazardOneDamagedSegmentAtTheEndOfADeadTimelineStopsNoExpiry() throws IOException {
        leaveTimelineOne();
        damage(1, 7);
        Heard would = new Heard();
        ExpireReport dry = new Expiry(cluster, ONE, would).dryRun();
        assertThat(would.warnings).singleElement().asString().contains("timeline 1", "000000010000000000000007");

        Heard heard = new Heard();
        ExpireReport report = new Expiry(cluster, ONE, heard).run();
        assertThat(heard.warnings).isEqualTo(would.warnings);
        assertThat(report.plan().remove()).isEqualTo(dry.plan().remove()).isNotEmpty();
        assertThat(segments(1)).contains(6, 7);

        // The server's own clock says on timeline 2 that the grace period is over.
        place.time().advance(GRACE.plus(DAY));
        commit(2, 8);
        new Expiry(cluster, ONE, TaskMonitor.SILENT).run();
        assertThat(listed())
                .doesNotContainAnyElementsOf(report.plan().remove().stream()
                        .map(ExpirePlan.Removed::label)
                        .toList());
    }

    @Test
    void hazardWhateverIsDamagedAllThatStayedBeforeStays() throws IOException {
        leaveTimelineOne();
        List<RetentionPolicy> policies = List.of(
                ONE,
                policy(OptionalInt.of(2), Optional.empty()),
                policy(OptionalInt.empty(), Optional.of(DAY)),
                policy(OptionalInt.of(1), Optional.of(DAY.multipliedBy(15))));
        for (RetentionPolicy policy : policies) {
            ExpirePlan sound =
                    new Expiry(cluster, policy, TaskMonitor.SILENT).dryRun().plan();
            for (int timeline = 1; timeline <= 2; timeline++) {
                for (int number : segments(timeline)) {
                    byte[] content = damage(timeline, number);
                    ExpirePlan plan = new Expiry(cluster, policy, TaskMonitor.SILENT)
                            .dryRun()
                            .plan();
                    Files.write(file(timeline, number), content);

                    assertThat(kept(plan)).containsAll(kept(sound));
                    for (int other = 1; other <= 2; other++) {
                        for (int segment : segments(other)) {
                            assertThat(keeps(plan, other, segment) || !keeps(sound, other, segment))
                                    .as("%d/%d when %d/%d is damaged: %s", other, segment, timeline, number, policy)
                                    .isTrue();
                        }
                    }
                }
            }
        }
    }

    @Test
    void whereNothingTellsTheTimeButWalThatCannotBeReadNothingHasAged() throws IOException {
        RetentionPolicy window = policy(OptionalInt.empty(), Optional.of(DAY));
        wal().put(TestPlace.segment(
                WalSegmentName.ofNumber(1, 1, TestPlace.SIZE).toString()));
        branch(2, 1, "0/180000");
        place.time().advance(DAY.multipliedBy(3));
        commit(2, 1);
        place.time().advance(DAY.multipliedBy(30));
        // Left before timeline 2 began, but not a day before the last commit there.
        branch(3, 1, "0/180000");
        wal().put(TestPlace.segment(
                WalSegmentName.ofNumber(3, 1, TestPlace.SIZE).toString()));
        place.time().advance(DAY.multipliedBy(30));
        ExpirePlan sound =
                new Expiry(cluster, window, TaskMonitor.SILENT).dryRun().plan();
        assertThat(keeps(sound, 3, 1)).isTrue();
        damage(2, 1);
        ExpirePlan plan =
                new Expiry(cluster, window, TaskMonitor.SILENT).dryRun().plan();
        assertThat(keeps(plan, 3, 1)).isTrue();
        assertThat(keeps(plan, 2, 1)).isTrue();
    }

    @Test
    void hazardAGracePeriodThatTheServersClockMayNotHaveReachedGoesOn() throws IOException {
        commit(1, 1);
        commit(1, 2);
        Label first = take(1, 1);
        place.time().advance(DAY);
        take(1, 2);
        new Expiry(cluster, ONE, TaskMonitor.SILENT).run();
        place.time().advance(DAY.multipliedBy(2));
        commit(1, 3);
        // The host's and the store's clocks jump.
        place.time().advance(GRACE);
        byte[] content = damage(1, 3);
        new Expiry(cluster, ONE, TaskMonitor.SILENT).run();
        assertThat(listed()).contains(first);

        Files.write(file(1, 3), content);
        new Expiry(cluster, ONE, TaskMonitor.SILENT).run();
        assertThat(listed()).contains(first);
        commit(1, 4);
        damage(1, 3);
        new Expiry(cluster, ONE, TaskMonitor.SILENT).run();
        assertThat(listed()).doesNotContain(first);
    }
}
